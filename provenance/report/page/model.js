// A run, as the other scripts ask for it.

const READ = 1;
const WRITTEN = 2;
const MADE = 4;
const MACHINE = 8;

/** What belongs to a run and is made of the columns that the page has. */
class Run {
  constructor(document, place) {
    Object.assign(this, document);
    this.place = place;
    this.parents = parentsOf(this.processes.depth);
    this.children = childrenOf(this.parents);
    this.length = Math.max(this.wall || 0, lastEnd(this.processes), 1);
    this.setsOfProcesses = null;
  }

  get processCount() {
    return this.processes.number.length;
  }

  get fileCount() {
    return this.files.path.length;
  }

  /** The facts of a topic. */
  topic(topic) {
    return this.facts.filter((fact) => fact.topic === topic);
  }

  /** The first value of a fact, or "". */
  fact(topic, name) {
    const found = this.facts.find((fact) => fact.topic === topic && fact.name === name);
    return found ? found.value : "";
  }

  /** What a process is called: the script that an interpreter runs, else the program. */
  program(process) {
    const commands = this.processes.commands[process];
    const words = commands[commands.length - 1];
    return words ? programOf(words) : "(fork)";
  }

  /** The last command of a process, or of the one that it is a copy of. */
  command(process) {
    const commands = this.processes.commands[process];
    return commands.length ? commands.map(commandLine).join(" ⇒ ") : "(a copy of its parent)";
  }

  failed(process) {
    return Boolean(this.processes.signal[process] || this.processes.status[process]);
  }

  /** How a process ended. */
  end(process) {
    const { status, signal } = this.processes;
    return endOf(status[process], signal[process]);
  }

  readers(file) {
    return this.sets[this.files.readers[file]];
  }

  writers(file) {
    return this.sets[this.files.writers[file]];
  }

  /** The sets that each process is in: what it read and wrote is found by them. */
  filesOf(process) {
    if (!this.setsOfProcesses) this.setsOfProcesses = setsByMember(this.sets, this.processCount);
    const sets = new Set(this.setsOfProcesses[process]);
    const { readers, writers } = this.files;
    const read = [];
    const written = [];
    for (let file = 0; file < readers.length; file += 1) {
      if (sets.has(readers[file])) read.push(file);
      if (sets.has(writers[file])) written.push(file);
    }
    return { read, written };
  }

  has(file, bit) {
    return (this.files.flags[file] & bit) !== 0;
  }

  packageName(file) {
    const found = this.packages[this.files.package[file]];
    return found ? found.name : "";
  }
}

const INTERPRETERS = /^(?:python|perl|ruby|Rscript|R|node|bash|sh|dash|zsh|julia|java|php|lua|tclsh)[\d.]*$/;

function programOf(words) {
  const name = baseName(words[0] || "");
  if (!INTERPRETERS.test(name)) return name;
  const script = words.slice(1).find((word) => /^[^-].*\.\w{1,4}$/.test(word) && !/\s/.test(word));
  return script ? baseName(script) : name;
}

function endOf(status, signal) {
  if (signal !== null) return `signal ${signal}`;
  return status === null ? "end not seen" : `exit ${status}`;
}

function lastEnd({ start, wall }) {
  return start.reduce((last, begin, process) => Math.max(last, begin + (wall[process] || 0)), 0);
}

function parentsOf(depths) {
  const path = [];
  return depths.map((depth, place) => {
    path[depth] = place;
    return depth ? path[depth - 1] : -1;
  });
}

function childrenOf(parents) {
  const children = parents.map(() => []);
  parents.forEach((parent, place) => {
    if (parent >= 0) children[parent].push(place);
  });
  return children;
}

function setsByMember(sets, count) {
  const found = Array.from({ length: count }, () => []);
  sets.forEach((members, set) => members.forEach((member) => found[member].push(set)));
  return found;
}

/** Colours of programs: the most used get those that are told apart best. */
function coloursOf(run) {
  const times = new Map();
  for (let n = 0; n < run.processCount; n += 1) {
    const name = run.program(n);
    times.set(name, (times.get(name) || 0) + (run.processes.wall[n] || 1));
  }
  const names = [...times.keys()].sort((a, b) => times.get(b) - times.get(a));
  return new Map(names.map((name, place) => [name, place < 8 ? place : 8]));
}
