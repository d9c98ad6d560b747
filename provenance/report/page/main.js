// Put the page together from its data.

const DATA = JSON.parse(document.getElementById("data").textContent);

/** What the parts of a run's page ask of each other. */
class Views {
  constructor(run, count) {
    Object.assign(this, { run, count });
  }

  /** The id of a part: of the second run, another one. */
  id(name) {
    return this.run.place ? `${name}-${this.run.place + 1}` : name;
  }

  chooseFile(file) {
    this.files.go(file);
  }

  chooseProcess(process) {
    this.timeline.go(process);
  }

  filesOf(process) {
    this.files.goToFilesOf(process);
  }

  inGraph(kind, member) {
    this.graph.go(kind, member);
  }
}

function pageOf(run, count) {
  const views = new Views(run, count);
  const element = el("div", { class: "run", id: `run-${run.place + 1}` });
  document.getElementById("main").append(element);
  const make = [
    () => summarySection(run, views),
    () => outputsSection(run, views),
    () => (views.timeline = new Timeline(run, views)).element,
    () => (views.graph = new GraphView(run, views)).element,
    () => (views.files = new Files(run, views)).element,
    () => environmentSection(run, views),
    () => hostSection(run, views),
  ];
  element.append(...make.map((part) => part()).filter(Boolean));
  return element;
}

function contentsOf(element, before) {
  const titles = [...before, ...element.querySelectorAll("section.part")].map((part) => el("a", { href: `#${part.id}` }, part.querySelector("h2").textContent));
  return titles;
}

/** The bar that says which of two runs is shown. */
function switcher(runs, pages, show) {
  const tabs = runs.map((run, place) => el("button", { type: "button", role: "tab", id: `tab-${place + 1}`, "aria-controls": pages[place].id, onclick: () => show(place) }, `${shown(run.source)}: ${shown(run.name)}`));
  const bar = el("div", { class: "switcher", role: "tablist", "aria-label": "Which run is shown" }, tabs);
  bar.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    const next = (tabs.indexOf(document.activeElement) + 1) % tabs.length;
    tabs[next].focus();
    show(next);
  });
  pages.forEach((page, place) => {
    page.setAttribute("role", "tabpanel");
    page.setAttribute("aria-labelledby", `tab-${place + 1}`);
  });
  return { bar, tabs };
}

function start() {
  const runs = DATA.runs.map((document_, place) => new Run(document_, place));
  const main = document.getElementById("main");
  const parts = DATA.comparison ? [differencesSection(DATA.comparison, runs)] : [];
  main.append(...parts);
  const pages = runs.map((run) => pageOf(run, runs.length));
  const { bar, tabs } = switcher(runs, pages, (place) => show(place));
  if (runs.length > 1) pages[0].before(bar);
  const show = (place) => {
    pages.forEach((page, n) => { page.hidden = n !== place; });
    tabs.forEach((tab, n) => {
      tab.setAttribute("aria-selected", n === place);
      tab.tabIndex = n === place ? 0 : -1;
    });
    replaceChildren(document.getElementById("top"), el("div", { class: "title" }, headOf(runs[place])), themeButton());
    replaceChildren(document.getElementById("contents"), contentsOf(pages[place], parts));
    document.title = `${shown(runs[place].name)}: ${shown(commandLine(runs[place].argv)).slice(0, 80)}`;
    watchContents();
  };
  show(0);
  document.documentElement.dataset.ready = "yes";
  if (location.hash.length > 1) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

function themeButton() {
  const root = document.documentElement;
  const isDark = () => (root.style.colorScheme || (window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  return button("◐", "Light or dark", () => {
    root.style.colorScheme = isDark() ? "light" : "dark";
    coloursChanged();
  }, { class: "theme" });
}

let watcher = null;

/** Mark the part that is looked at in the list of parts. */
function watchContents() {
  const links = [...document.querySelectorAll("#contents a")];
  watcher?.disconnect();
  const seen = new Set();
  watcher = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) seen[isIntersecting ? "add" : "delete"](target.id);
    const first = links.find((link) => seen.has(link.hash.slice(1)));
    if (first) links.forEach((link) => (link === first ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current")));
  }, { rootMargin: "-10% 0px -60% 0px" });
  links.forEach((link) => watcher.observe(document.getElementById(link.hash.slice(1))));
}

start();
