// The head of the page, and what there is to say of a run in a few words.

const MOST_LISTED = 8;

/** The head: the command, how it ended, when, where. */
function headOf(run) {
  const offset = run.fact("when", "utc offset");
  return [
    el("p", { class: "brand" }, "rpz report", el("span", {}, shown(run.source)), el("span", {}, shown(run.name))),
    el("h1", { title: shown(commandLine(run.argv)) }, shown(commandLine(run.argv))),
    el(
      "p",
      { class: "chips" },
      endChip(run),
      run.started ? el("span", { class: "chip" }, moment(run.started, offset)) : null,
      run.wall === null ? null : el("span", { class: "chip" }, duration(run.wall)),
      el("span", { class: "chip" }, shown(run.host.hostname)),
      run.topic("why").filter(({ name }) => name !== "reason").map(({ name, value }) => el("span", { class: "chip quiet", title: name }, shown(value))),
    ),
    run.fact("why", "reason") ? el("p", { class: "lead" }, shown(run.fact("why", "reason"))) : null,
  ];
}

function endChip(run) {
  const good = run.status === 0;
  const text = run.signal === null && run.status === null ? "end not seen" : endOf(run.status, run.signal);
  return el("span", { class: `chip ${good ? "good" : "bad"}` }, `${good ? "✓" : "✗"} ${text}`);
}

function summarySection(run, views) {
  return section(
    views.id("summary"),
    "Summary",
    null,
    el("div", { class: "tiles" }, tilesOf(run).map(([value, name, more]) => el("div", { class: "tile" }, el("b", {}, value), el("span", {}, name), more ? el("small", {}, more) : null))),
    el("div", { class: "columns" }, filesCard("Inputs", inputsOf(run), run, views), filesCard("Outputs", outputsOfRun(run), run, views)),
    el("div", { class: "columns" }, codeCard(run), parametersCard(run), peopleCard(run), chanceCard(run)),
    listCard("What nobody recorded", run.gaps),
    listCard("Warnings", run.warnings),
  );
}

function tilesOf(run) {
  const cpu = run.user === null || run.system === null ? null : run.user + run.system;
  const busy = cpu !== null && run.wall ? `${(cpu / run.wall).toFixed(1)} processors busy` : "";
  const own = count(run, (file) => !run.has(file, MACHINE));
  const failed = count({ fileCount: run.processCount }, (process) => run.failed(process));
  return [
    [duration(run.wall), "from start to end", ""],
    [duration(cpu), "of processor time", busy],
    [size(run.memory), "of memory at most", run.host.memory ? `of ${size(run.host.memory)}` : ""],
    [number(run.processCount + run.processes.left_out), "processes", failed ? `${number(failed)} didn't end with 0` : "all ended with 0"],
    [number(run.fileCount + run.files.left_out), "files used", `${number(own)} of the experiment`],
    [number(run.packages.length), "packages", run.packages.length ? size(packagedBytes(run)) : ""],
  ];
}

function count(run, wanted) {
  let found = 0;
  for (let place = 0; place < run.fileCount; place += 1) found += wanted(place) ? 1 : 0;
  return found;
}

function packagedBytes(run) {
  return run.files.size.reduce((sum, bytes, file) => sum + (run.files.package[file] >= 0 ? bytes || 0 : 0), 0);
}

function filesWhere(run, wanted) {
  const found = [];
  for (let file = 0; file < run.fileCount; file += 1) if (wanted(file)) found.push(file);
  return found;
}

/** What was there before, was read, and is of the experiment. */
function inputsOf(run) {
  return filesWhere(run, (file) => isInput(run, file));
}

function isInput(run, file) {
  return run.has(file, READ) && !run.has(file, MADE) && !run.has(file, MACHINE);
}

/** What the run has left of what it wrote. */
function outputsOfRun(run) {
  // Without digests nobody knows what is left of it
  if (!run.outputs.files.length) return filesWhere(run, (file) => run.has(file, WRITTEN) && !run.has(file, MACHINE));
  const left = new Set(run.outputs.files.map((output) => output.path));
  return filesWhere(run, (file) => left.has(run.files.path[file]));
}

function filesCard(title, files, run, views) {
  const rows = files.slice(0, MOST_LISTED).map((file) => el("li", {}, fileButton(run, file, views), el("span", { class: "number" }, size(run.files.size[file]))));
  const more = files.length - rows.length;
  return el(
    "div",
    { class: "card" },
    el("h3", {}, title, el("span", { class: "count" }, number(files.length))),
    rows.length ? el("ul", { class: "plain-list" }, rows) : el("p", { class: "note" }, "None."),
    more > 0 ? el("p", { class: "note" }, `and ${number(more)} more, in `, el("a", { href: `#${views.id("files")}` }, "Files")) : null,
  );
}

function fileButton(run, file, views) {
  const path = run.files.path[file];
  return el("button", { type: "button", class: "link path", title: shown(path), onclick: () => views.chooseFile(file) }, shown(near(path, run.folder)));
}

function codeCard(run) {
  const trees = new Map();
  for (const fact of run.topic("code")) trees.set(fact.source, [...(trees.get(fact.source) || []), fact]);
  if (!trees.size) return null;
  return el("div", { class: "card" }, el("h3", {}, "Code"), [...trees].map(([root, told]) => codeTree(root, told)));
}

function codeTree(root, told) {
  const values = (name) => told.filter((fact) => fact.name === name).map((fact) => fact.value);
  const untracked = values("untracked");
  return el(
    "div",
    { class: "tree" },
    el("p", { class: "path" }, shown(root)),
    facts([
      ["commit", values("commit").map((commit) => el("code", { title: commit }, commit.slice(0, 12)))],
      ["branch", shown(values("branch").join(", "))],
      ["remote", shown(values("remote").join(", "))],
      ["pushed", shown(values("pushed").join(", "))],
      ["changes", shown(values("changes").join(", "))],
      ["files that git doesn't know", untracked.length ? number(untracked.length) : ""],
    ].map(([name, value]) => [name, Array.isArray(value) && !value.length ? "" : value])),
    values("diff").map((text) => unfolding(`What isn't committed: ${counted(text.split("\n").length - 1, "line")}`, () => diffText(text))),
  );
}

/** A difference as git prints it, coloured by lines. */
function diffText(text) {
  const pre = el("pre", { class: "diff", tabindex: "0" });
  for (const line of text.split("\n")) {
    const kind = /^(\+\+\+|---|diff |index )/.test(line) ? "meta" : { "+": "added", "-": "removed", "@": "place" }[line[0]];
    pre.append(el("span", { class: kind || null }, shownLines(line), "\n"));
  }
  return pre;
}

function parametersCard(run) {
  const found = run.topic("parameter");
  if (!found.length) return null;
  const rows = found.map(({ name, value, source }) => el("tr", {}, el("th", { scope: "row" }, shown(name)), el("td", {}, shown(value)), el("td", { class: "path", title: shown(source) }, source ? shown(baseName(source)) : "argument")));
  return el("div", { class: "card" }, el("h3", {}, "Parameters", el("span", { class: "count" }, number(rows.length))), el("div", { class: "scrolled" }, el("table", {}, el("tbody", {}, rows))));
}

function peopleCard(run) {
  const who = [...run.topic("who"), ...run.topic("job"), ...run.topic("note")].map(({ name, value }) => [shown(name), shown(value)]);
  return el("div", { class: "card" }, el("h3", {}, "Who and where"), facts([...who, ["folder", el("span", { class: "path" }, shown(run.folder))], ["id", run.fact("run", "id") ? el("code", {}, shown(run.fact("run", "id"))) : ""]]));
}

function chanceCard(run) {
  const found = run.topic("chance");
  if (!found.length) return null;
  return el("div", { class: "card" }, el("h3", {}, "What may make it end otherwise"), facts(found.map(({ name, value }) => [shown(name), shown(value)])));
}

function listCard(title, texts) {
  if (!texts.length) return null;
  return el("div", { class: "card warning" }, el("h3", {}, title, el("span", { class: "count" }, number(texts.length))), el("ul", {}, texts.slice(0, 50).map((text) => el("li", {}, shown(text)))), texts.length > 50 ? el("p", { class: "note" }, `and ${number(texts.length - 50)} more: rpz show`) : null);
}
