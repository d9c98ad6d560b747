// The environment and the machine.

const LISTS = /(?:^|_)(?:PATH|DIRS|FLAGS)$|PATH$/;

function environmentSection(run, views) {
  const body = el("tbody", {});
  const found = el("span", { class: "note" });
  const list = (wanted) => {
    const rows = run.environment.filter(([name, value]) => `${name}=${value}`.toLowerCase().includes(wanted.toLowerCase()));
    body.replaceChildren(...rows.map(([name, value]) => el("tr", {}, el("th", { scope: "row" }, shown(name)), el("td", {}, valueOf(run, name, value)))));
    found.textContent = wanted ? counted(rows.length, "variable") : "";
  };
  list("");
  const search = el("input", { type: "search", placeholder: "Find a variable", "aria-label": "Find variables by name or value", oninput: (event) => list(event.target.value) });
  const withheld = run.withheld && run.withheld.length ? el("p", { class: "note" }, `Withheld, because they look like secrets: ${run.withheld.map(shown).join(", ")}.`) : null;
  return section(views.id("environment"), "Environment", `${counted(run.environment.length, "variable")} that the command was started with.`, el("div", { class: "tools" }, search, found), withheld, el("div", { class: "scrolled tall", tabindex: "0", role: "region", "aria-label": "Variables" }, el("table", { class: "variables" }, body)));
}

/** A value: lists of folders one below the other, and a mark where a secret was. */
function valueOf(run, name, value) {
  const parts = LISTS.test(name) && value.includes(":") ? value.split(":") : [value];
  return parts.map((part) => el("span", { class: "value" }, withMarks(part, run.redacted)));
}

function withMarks(text, mark) {
  return text.split(mark).flatMap((part, place) => (place ? [el("span", { class: "withheld" }, "withheld"), shown(part)] : [shown(part)]));
}

function hostSection(run, views) {
  const { host } = run;
  const where = (name) => run.topic("where").filter((fact) => fact.name === name).map((fact) => shown(fact.value)).join(", ");
  return section(
    views.id("host"),
    "Host",
    null,
    el(
      "div",
      { class: "card" },
      facts([
        ["machine", shown(host.hostname)],
        ["container", where("container")],
        ["distribution", shown(`${host.distribution} ${host.distribution_version}`)],
        ["kernel", shown(`${host.system} ${host.kernel}`)],
        ["processor", [where("processor"), shown(host.architecture)].filter(Boolean).join(", ")],
        ["processors", [host.processors ? number(host.processors) : "", where("cores") ? `${where("cores")} cores` : ""].filter(Boolean).join(", ")],
        ["memory", size(host.memory)],
        ["graphics", where("gpu")],
        ["user", `${host.uid}, group ${host.gid}, umask ${host.umask.toString(8).padStart(3, "0")}`],
        ...run.topic("when").map(({ name, value }) => [name, shown(value)]),
      ]),
    ),
  );
}
