// The processes over time: a row each, below a picture of how many there were at once.

class Timeline {
  constructor(run, views) {
    Object.assign(this, { run, views, from: 0, to: run.length, query: "", order: "tree" });
    this.colours = coloursOf(run);
    this.overview = el("canvas", { class: "overview", role: "img", "aria-label": "Processes at once, over time. Drag to look at a part; a double click shows all." });
    this.axis = el("div", { class: "axis", "aria-hidden": "true" });
    this.rows = new Rows({ label: "Processes", rowHeight: 24, height: 480, make: (place) => this.row(this.listed[place]), choose: (place) => this.choose(this.listed[place]) });
    this.details = el("div", { class: "details", "aria-live": "polite" });
    this.element = this.section();
    this.list();
    this.overview.addEventListener("pointerdown", (event) => this.drag(event));
    this.overview.addEventListener("dblclick", () => this.look(0, run.length));
    this.rows.element.addEventListener("keydown", (event) => this.key(event));
    this.drawOverview = onceAFrame(() => this.overviewNow());
    new ResizeObserver(this.drawOverview).observe(this.overview);
    whenColoursChange(this.drawOverview);
  }

  section() {
    const search = el("input", { type: "search", placeholder: "Find a command", "aria-label": "Find processes by their commands", oninput: (event) => { this.query = event.target.value; this.list(); } });
    const order = el("select", { "aria-label": "Order of the processes", onchange: (event) => { this.order = event.target.value; this.list(); } }, [["tree", "who started whom"], ["wall", "longest first"], ["cpu", "most processor time"], ["memory", "most memory"], ["failed", "failed ones first"]].map(([value, text]) => el("option", { value }, text)));
    const zoom = el("span", { class: "buttons" }, button("−", "Look at more time", () => this.zoom(2)), button("+", "Look at less time", () => this.zoom(0.5)), button("All", "Look at the whole run", () => this.look(0, this.run.length)));
    const left = this.run.processes.left_out;
    return section(
      this.views.id("timeline"),
      "Timeline",
      left ? `The first ${number(this.run.processCount)} processes; ${number(left)} more are left to rpz ps.` : "Each row is a process. Choose one to see what it did.",
      el("div", { class: "tools" }, search, order, zoom, (this.found = el("span", { class: "note" }))),
      el("div", { class: "chart" }, el("div", { class: "gutter" }, this.legend()), el("div", { class: "plot" }, this.overview, this.axis)),
      this.rows.element,
      this.details,
    );
  }

  legend() {
    const named = [...this.colours].filter(([, place]) => place < 5).map(([name, place]) => el("span", { class: "key" }, el("i", { class: `swatch c${place}` }), shown(name)));
    return el("p", { class: "legend" }, named);
  }

  /** List the processes that are asked for. */
  list() {
    const { run } = this;
    const wanted = this.query.toLowerCase();
    this.listed = [];
    for (let process = 0; process < run.processCount; process += 1) {
      if (!wanted || run.command(process).toLowerCase().includes(wanted)) this.listed.push(process);
    }
    this.places = null;
    if (this.order === "failed") this.listed.sort((a, b) => run.failed(b) - run.failed(a) || a - b);
    else if (this.order !== "tree") this.listed.sort((a, b) => (run.processes[this.order][b] || 0) - (run.processes[this.order][a] || 0) || a - b);
    this.found.textContent = wanted ? `${number(this.listed.length)} of ${number(run.processCount)}` : "";
    this.rows.current = -1;
    this.rows.show(this.listed.length);
  }

  row(process) {
    const { run } = this;
    const { start, wall, depth, threads } = run.processes;
    const left = this.fraction(start[process]);
    const right = this.fraction(start[process] + (wall[process] ?? run.length));
    const bar = el("i", { class: `bar c${this.colours.get(run.program(process))} ${run.failed(process) ? "failed" : ""}` });
    bar.style.left = `${100 * Math.max(left, 0)}%`;
    bar.style.width = `${100 * Math.max(Math.min(right, 1) - Math.max(left, 0), 0)}%`;
    if (right < 0 || left > 1) bar.hidden = true;
    const label = el("span", { class: "label" }, el("b", {}, shown(run.program(process))), " ", shown(argumentsOf(run, process)));
    const indent = this.order === "tree" && !this.query ? Math.min(depth[process], 12) : 0;
    label.style.paddingLeft = `${8 + indent * 14}px`;
    const more = [duration(wall[process]), run.end(process), threads[process] ? counted(threads[process] + 1, "thread") : ""].filter(Boolean).join(", ");
    const time = el("span", { class: `time ${right > 0.82 ? "inside" : ""}` }, duration(wall[process]), run.failed(process) ? ` ✗ ${run.end(process)}` : "");
    if (right > 0.82) time.style.right = `${Math.max(100 * (1 - Math.max(left, 0)), 1)}%`;
    else time.style.left = `${100 * Math.max(right, 0)}%`;
    if (bar.hidden) time.hidden = true;
    return el("div", { "aria-label": `${run.command(process).slice(0, 200)}: ${more}`, title: `${shown(run.command(process)).slice(0, 600)}\n${more}` }, label, el("span", { class: "track" }, bar, time));
  }

  fraction(time) {
    return (time - this.from) / (this.to - this.from);
  }

  look(from, to) {
    const least = Math.max(this.run.length / 1e5, 1000);
    const span = Math.min(Math.max(to - from, least), this.run.length);
    this.from = Math.max(Math.min(from, this.run.length - span), 0);
    this.to = this.from + span;
    this.rows.drawNow();
    this.drawOverview();
  }

  zoom(factor) {
    const [middle, half] = [(this.from + this.to) / 2, ((this.to - this.from) * factor) / 2];
    this.look(middle - half, middle + half);
  }

  key(event) {
    const step = (this.to - this.from) / 5;
    const known = { "+": () => this.zoom(0.5), "-": () => this.zoom(2), 0: () => this.look(0, this.run.length), ArrowLeft: () => this.look(this.from - step, this.to - step), ArrowRight: () => this.look(this.from + step, this.to + step) };
    if (!event.ctrlKey && !event.metaKey && known[event.key]) {
      event.preventDefault();
      known[event.key]();
    }
  }

  /** Choose a part of the time by dragging over the picture. */
  drag(event) {
    const { left, width } = this.overview.getBoundingClientRect();
    const time = (at) => (Math.min(Math.max((at.clientX - left) / width, 0), 1)) * this.run.length;
    const begin = time(event);
    this.overview.setPointerCapture(event.pointerId);
    const move = (at) => {
      if (Math.abs(at.clientX - event.clientX) > 3) this.look(Math.min(begin, time(at)), Math.max(begin, time(at)));
    };
    this.overview.addEventListener("pointermove", move);
    this.overview.addEventListener("pointerup", () => this.overview.removeEventListener("pointermove", move), { once: true });
  }

  overviewNow() {
    const { context, width, height } = sharpened(this.overview);
    if (!width) return;
    this.levels ||= processesAtOnce(this.run);
    const most = Math.max(...this.levels, 1);
    context.fillStyle = colour("ink-accent");
    context.globalAlpha = 0.75;
    this.levels.forEach((level, place) => {
      const [x, next] = [place, place + 1].map((at) => (at / this.levels.length) * width);
      const high = (level / most) * (height - 16);
      context.fillRect(x, height - high, next - x + 0.5, high);
    });
    context.globalAlpha = 1;
    context.fillStyle = colour("ink-quiet");
    context.font = `11px ${getComputedStyle(document.body).fontFamily}`;
    context.fillText(`${counted(most, "process", "processes")} at once at most`, 4, 11);
    this.window(context, width, height);
    this.ticks();
  }

  window(context, width, height) {
    if (this.to - this.from >= this.run.length) return;
    const [left, right] = [this.from, this.to].map((time) => (time / this.run.length) * width);
    context.fillStyle = colour("ink-shade");
    context.globalAlpha = 0.7;
    context.fillRect(0, 0, left, height);
    context.fillRect(right, 0, width - right, height);
    context.globalAlpha = 1;
    context.strokeStyle = colour("ink-accent");
    context.strokeRect(left + 0.5, 0.5, Math.max(right - left - 1, 1), height - 1);
  }

  ticks() {
    const span = this.to - this.from;
    const step = roundStep(span / 6);
    const marks = [];
    for (let time = Math.ceil(this.from / step) * step; time < this.to - span / 20; time += step) {
      const mark = el("span", {}, time ? duration(time) : "0");
      mark.style.left = `${100 * this.fraction(time)}%`;
      marks.push(mark);
    }
    this.axis.replaceChildren(...marks);
  }

  /** Show what a process did. */
  choose(process) {
    this.chosen = process;
    replaceChildren(this.details, processDetails(this.run, process, this.views));
  }

  /** Go to a process that was chosen elsewhere. */
  go(process) {
    if (!this.listed.includes(process)) {
      this.element.querySelector("input").value = this.query = "";
      this.list();
    }
    this.rows.select(this.listed.indexOf(process));
    this.rows.element.scrollIntoView({ block: "center" });
    this.rows.element.focus({ preventScroll: true });
  }
}

function argumentsOf(run, process) {
  const commands = run.processes.commands[process];
  const words = commands[commands.length - 1];
  if (!words) return "";
  const script = words.findIndex((word) => baseName(word) === run.program(process));
  return commandLine(words.slice(Math.max(script, 0) + 1)).slice(0, 300);
}

/** How many processes there were at once, in each of some parts of the time. */
function processesAtOnce(run, parts = 600) {
  const change = new Int32Array(parts + 1);
  const { start, wall } = run.processes;
  start.forEach((begin, process) => {
    const first = Math.min(Math.max(Math.floor((begin / run.length) * parts), 0), parts - 1);
    const last = Math.min(Math.floor(((begin + (wall[process] ?? run.length)) / run.length) * parts), parts - 1);
    change[first] += 1;
    change[Math.max(last, first) + 1] -= 1;
  });
  let level = 0;
  return Array.from(change.subarray(0, parts), (by) => (level += by));
}

/** The next greater of 1, 2, 5, 10, … nanoseconds. */
function roundStep(least) {
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1)));
  return [1, 2, 5, 10].find((factor) => factor * power >= least) * power;
}

function processDetails(run, process, views) {
  const { number: numbers, cpu, memory, wall, start, threads } = run.processes;
  const { read, written } = run.filesOf(process);
  const own = (files) => files.filter((file) => !run.has(file, MACHINE));
  const parent = run.parents[process];
  return el(
    "div",
    { class: "card" },
    el("h3", {}, shown(run.program(process)), el("span", { class: "count" }, `process ${numbers[process]}`)),
    run.processes.commands[process].map((words) => el("pre", { class: "command", tabindex: "0" }, shown(commandLine(words)))),
    facts([
      ["ended", run.end(process)],
      ["began", `${duration(start[process])} after the start`],
      ["took", duration(wall[process])],
      ["processor time", duration(cpu[process])],
      ["memory at most", size(memory[process])],
      ["threads", threads[process] ? number(threads[process] + 1) : ""],
      ["started by", parent >= 0 ? processButton(run, parent, views) : ""],
      ["started", run.children[process].length ? [...run.children[process].slice(0, 12).map((child) => processButton(run, child, views)), run.children[process].length > 12 ? ` and ${number(run.children[process].length - 12)} more` : null] : ""],
      ["read", filesOfProcess(run, own(read), read.length, views)],
      ["wrote", filesOfProcess(run, own(written), written.length, views)],
    ]),
    el("p", { class: "buttons" }, button("Its files", "List the files that it used", () => views.filesOf(process)), button("In the graph", "Show it in the graph", () => views.inGraph("process", process))),
  );
}

function processButton(run, process, views) {
  return el("button", { type: "button", class: "link", title: shown(run.command(process)).slice(0, 300), onclick: () => views.chooseProcess(process) }, shown(run.program(process)), el("small", {}, ` ${run.processes.number[process]}`));
}

function filesOfProcess(run, own, all, views) {
  if (!all) return "";
  const others = all - own.length;
  const named = own.slice(0, 12).map((file) => fileButton(run, file, views));
  const more = [own.length > 12 ? `${number(own.length - 12)} more` : "", others ? `${counted(others, "file")} of the system` : ""].filter(Boolean).join(" and ");
  return [...named, more ? el("span", { class: "note" }, named.length ? ` and ${more}` : more) : null].filter(Boolean);
}
