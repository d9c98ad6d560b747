// The files: by package and size, and as a list that can be searched and sorted.

class Files {
  constructor(run, views) {
    Object.assign(this, { run, views, query: "", which: "own", key: null, process: null, sort: "path", down: false });
    if (!count(run, (file) => !run.has(file, MACHINE))) this.which = "all";
    this.rows = new Rows({ label: "Files", rowHeight: 26, height: 468, make: (place) => this.row(this.listed[place]), choose: (place) => this.choose(this.listed[place]) });
    this.details = el("div", { class: "details", "aria-live": "polite" });
    this.element = this.section();
    this.list();
  }

  section() {
    this.search = el("input", { type: "search", placeholder: "Find a path, package or SHA-256", "aria-label": "Find files by path, package or SHA-256", oninput: (event) => { this.query = event.target.value; this.list(); } });
    this.select = el("select", { "aria-label": "Which files", onchange: (event) => { this.which = event.target.value; this.list(); } }, [["all", "all files"], ["own", "of the experiment"], ["inputs", "inputs"], ["written", "written"], ["machine", "of system and libraries"]].map(([value, text]) => el("option", { value, selected: value === this.which }, text)));
    this.narrowed = el("span", { class: "buttons" });
    this.found = el("span", { class: "note" });
    const left = this.run.files.left_out;
    this.heads = [["path", "Path"], ["how", "Use"], ["size", "Size"], ["package", "Package"], ["processes", "Processes"]].map(([key, text]) => el("button", { type: "button", class: `head ${key}`, "data-key": key, onclick: () => this.sortBy(key) }, text));
    const map = packageMap(this.run, (key) => this.narrow(key));
    return section(
      this.views.id("files"),
      "Files",
      left ? `${number(this.run.fileCount)} files, those of the experiment first; ${number(left)} more are left to rpz files.` : "Areas are the bytes of what was used, by package: choose one to list its files.",
      map.groups.length ? map : null,
      el("div", { class: "tools" }, this.search, this.select, this.narrowed, this.found),
      el("div", { class: "heads" }, this.heads),
      this.rows.element,
      this.details,
    );
  }

  list() {
    const { run } = this;
    const wanted = this.query.toLowerCase();
    const used = this.process === null ? null : this.usedBy(this.process);
    this.listed = filesWhere(run, (file) => (!used || used.has(file)) && this.isOfKind(file) && (!wanted || this.matches(file, wanted)));
    this.order();
    this.found.textContent = `${counted(this.listed.length, "file")}, ${size(this.listed.reduce((sum, file) => sum + (run.files.size[file] || 0), 0))}`;
    this.tellNarrowed();
    this.rows.current = -1;
    this.rows.element.scrollTop = 0;
    this.rows.show(this.listed.length);
  }

  usedBy(process) {
    const { read, written } = this.run.filesOf(process);
    return new Set([...read, ...written]);
  }

  isOfKind(file) {
    const { run } = this;
    if (this.key !== null) {
      const found = run.files.package[file];
      if (typeof this.key === "number") return found === this.key;
      if (found >= 0 || run.has(file, MACHINE) !== (this.key === "system")) return false;
    }
    if (this.which === "own") return !run.has(file, MACHINE);
    if (this.which === "inputs") return isInput(run, file);
    if (this.which === "written") return run.has(file, WRITTEN);
    return this.which === "all" || run.has(file, MACHINE);
  }

  matches(file, wanted) {
    const { path, sha256 } = this.run.files;
    return path[file].toLowerCase().includes(wanted) || this.run.packageName(file).toLowerCase().includes(wanted) || (wanted.length > 5 && (sha256[file] || "").startsWith(wanted));
  }

  order() {
    const { run } = this;
    const keys = {
      path: (file) => run.files.path[file],
      how: (file) => run.files.flags[file] & (READ | WRITTEN | MADE),
      size: (file) => run.files.size[file] ?? -1,
      package: (file) => run.packageName(file),
      processes: (file) => run.readers(file).length + run.writers(file).length,
    };
    const key = keys[this.sort];
    const sign = this.down ? -1 : 1;
    const sorted = this.listed.map((file) => [key(file), file]);
    sorted.sort(([a, m], [b, n]) => (a < b ? -sign : a > b ? sign : m - n));
    this.listed = sorted.map(([, file]) => file);
    for (const head of this.heads) {
      const on = head.dataset.key === this.sort;
      head.setAttribute("aria-pressed", on);
      head.dataset.order = on ? (this.down ? "↓" : "↑") : "";
    }
  }

  sortBy(key) {
    this.down = this.sort === key ? !this.down : key === "size" || key === "processes";
    this.sort = key;
    this.list();
    say(`Sorted by ${key}, ${this.down ? "greatest" : "least"} first`);
  }

  /** List the files of one package only. */
  narrow(key) {
    this.key = key;
    this.which = this.select.value = "all";
    this.sort = "size";
    this.down = true;
    this.list();
    say(this.found.textContent);
  }

  tellNarrowed() {
    const told = [];
    const all = (text, undo) => told.push(button(`${text} ×`, `Not only ${text}`, undo));
    if (this.key !== null) all(nameOfGroup(this.run, { key: this.key }), () => { this.key = null; this.list(); });
    if (this.process !== null) all(`process ${this.run.processes.number[this.process]}`, () => { this.process = null; this.list(); });
    this.narrowed.replaceChildren(...told);
  }

  row(file) {
    const { run } = this;
    const path = run.files.path[file];
    const processes = new Set([...run.readers(file), ...run.writers(file)]).size;
    return el(
      "div",
      { title: shown(path) },
      el("span", { class: "path" }, el("span", { class: "folder" }, shown(near(`${folderName(path)}/`.replace("//", "/"), run.folder))), el("b", {}, shown(baseName(path)))),
      el("span", { class: "how" }, uses(run, file).map((use) => el("i", { class: use }, use))),
      el("span", { class: "size" }, size(run.files.size[file])),
      el("span", { class: "package" }, shown(run.packageName(file))),
      el("span", { class: "processes" }, number(processes)),
    );
  }

  choose(file) {
    replaceChildren(this.details, fileDetails(this.run, file, this.views));
  }

  /** Go to a file that was chosen elsewhere. */
  go(file) {
    if (!this.listed.includes(file)) {
      Object.assign(this, { query: "", key: null, process: null, which: "all" });
      this.search.value = "";
      this.select.value = "all";
      this.list();
    }
    this.rows.select(this.listed.indexOf(file));
    this.rows.element.scrollIntoView({ block: "center" });
    this.rows.element.focus({ preventScroll: true });
  }

  /** List the files of a process. */
  goToFilesOf(process) {
    Object.assign(this, { process, query: "", key: null, which: "all" });
    this.search.value = "";
    this.select.value = "all";
    this.list();
    this.element.scrollIntoView();
  }
}

/** What was done with a file, in words. */
function uses(run, file) {
  const found = [];
  if (run.has(file, READ)) found.push("read");
  if (run.has(file, WRITTEN)) found.push(run.has(file, MADE) ? "made" : "written");
  return found;
}

function fileDetails(run, file, views) {
  const found = run.packages[run.files.package[file]];
  const many = (processes) => (processes.length ? [...processes.slice(0, 20).map((process) => processButton(run, process, views)), processes.length > 20 ? ` and ${number(processes.length - 20)} more` : null].filter(Boolean) : "");
  return el(
    "div",
    { class: "card" },
    el("h3", {}, shown(baseName(run.files.path[file])), el("span", { class: "count" }, uses(run, file).join(", "))),
    facts([
      ["path", el("span", { class: "path" }, shown(run.files.path[file]))],
      ["size", run.files.size[file] === null ? "not recorded" : `${number(run.files.size[file])} bytes`],
      ["SHA-256", run.files.sha256[file] ? el("code", { class: "digest" }, shown(run.files.sha256[file])) : "not recorded"],
      ["package", found ? shown(`${found.name} ${found.version} (${found.manager || "unknown manager"})`) : ""],
      ["written by", many(run.writers(file))],
      ["read by", many(run.readers(file))],
    ]),
    el("p", { class: "buttons" }, button("In the graph", "Show it in the graph", () => views.inGraph("file", file))),
  );
}
