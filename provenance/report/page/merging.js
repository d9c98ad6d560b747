// The graph of a run, so small that one can look at it: what plays the same part is one node.

const MOST_NODES = 400;
const FEW = 4;

/** Return nodes and edges of a run. ``open`` are the keys of nodes that are shown one by one. */
function graphOf(run, { machine = false, starts = false, all = false, open = new Set() } = {}) {
  const files = filesWhere(run, (file) => machine || !run.has(file, MACHINE));
  const wanted = all ? run.parents.map((_, process) => process) : processesOf(run, files);
  let graph = null;
  for (const coarse of [0, 1, 2]) {
    graph = merged(run, files, wanted, { coarse, starts, open });
    if (graph.nodes.length <= MOST_NODES) break;
  }
  return graph;
}

/** The processes that used files, in their order. */
function processesOf(run, files) {
  const found = new Set();
  const seen = new Set();
  for (const file of files) {
    for (const set of [run.files.readers[file], run.files.writers[file]]) {
      if (seen.has(set)) continue;
      seen.add(set);
      run.sets[set].forEach((process) => found.add(process));
    }
  }
  return [...found].sort((a, b) => a - b);
}

function merged(run, files, processes, { coarse, starts, open }) {
  const graph = new Graph();
  const groupOf = mergedProcesses(run, processes, coarse, open);
  for (const [process, key] of groupOf) graph.put(key, "process", process);
  const groupsOfSet = memo((set) => [...new Set(run.sets[set].map((process) => groupOf.get(process)).filter(Boolean))].sort());
  const keys = fileKeys(run, files, groupsOfSet, coarse, open);
  files.forEach((file, place) => {
    const key = keys[place];
    graph.put(key, "file", file);
    const writers = groupsOfSet(run.files.writers[file]);
    const own = run.has(file, MADE) ? writers : []; // who reads again what it wrote has it from nobody else
    writers.forEach((process) => graph.connect(process, key, "write"));
    groupsOfSet(run.files.readers[file]).forEach((process) => own.includes(process) || graph.connect(key, process, "read"));
  });
  if (starts) connectStarts(run, graph, groupOf);
  graph.nodes.forEach((node) => describe(run, node));
  return graph;
}

class Graph {
  constructor() {
    this.nodes = [];
    this.edges = [];
    this.byKey = new Map();
    this.connected = new Set();
  }

  put(key, kind, member) {
    let node = this.byKey.get(key);
    if (!node) {
      node = { key, kind, members: [], from: [], to: [], place: this.nodes.length };
      this.byKey.set(key, node);
      this.nodes.push(node);
    }
    node.members.push(member);
  }

  connect(from, to, kind) {
    const name = `${from}\n${to}\n${kind}`;
    if (from === to || this.connected.has(name)) return;
    this.connected.add(name);
    const edge = { from: this.byKey.get(from), to: this.byKey.get(to), kind };
    if (!edge.from || !edge.to) return;
    this.edges.push(edge);
    edge.from.to.push(edge);
    edge.to.from.push(edge);
  }
}

/** Processes of one program that the same programs have led to are one node, if they are more than few. */
function mergedProcesses(run, processes, coarse, open) {
  const ways = waysTo(run);
  const way = [(process) => ways[process], (process) => run.processes.depth[process], () => ""][coarse];
  const keys = processes.map((process) => `p:${way(process)}:${run.program(process)}`);
  const times = new Map();
  keys.forEach((key) => times.set(key, (times.get(key) || 0) + 1));
  return new Map(processes.map((process, place) => {
    const key = keys[place];
    return [process, times.get(key) <= (coarse ? 1 : FEW) || open.has(key) ? `${key}#${process}` : key];
  }));
}

/** A number for each process, the same for those that the same programs have led to. */
function waysTo(run) {
  const known = new Map();
  const ways = [];
  run.parents.forEach((parent, process) => {
    const way = `${parent < 0 ? "" : ways[parent]} ${run.program(process)}`;
    if (!known.has(way)) known.set(way, known.size);
    ways.push(known.get(way));
  });
  return ways;
}

/** Files that the same nodes read and write are one node, if they are more than few. */
function fileKeys(run, files, groupsOfSet, coarse, open) {
  const keys = files.map((file) => {
    const path = run.files.path[file];
    const kind = path.slice(path.lastIndexOf(".") + 1).length <= 5 ? path.slice(path.lastIndexOf(".")) : "";
    const where = run.has(file, MACHINE) && run.files.package[file] >= 0 ? `k${run.files.package[file]}` : coarse > 1 ? "" : `${folderName(path)}\n${coarse ? "" : kind}`;
    return `f:${groupsOfSet(run.files.writers[file])}|${groupsOfSet(run.files.readers[file])}|${where}`;
  });
  const times = new Map();
  keys.forEach((key) => times.set(key, (times.get(key) || 0) + 1));
  return keys.map((key, place) => (times.get(key) <= (coarse ? 1 : FEW) || open.has(key) ? `${key}#${files[place]}` : key));
}

/** A process and the nearest one above it that is in the graph. */
function connectStarts(run, graph, groupOf) {
  for (const [process, key] of groupOf) {
    let above = run.parents[process];
    while (above >= 0 && !groupOf.has(above)) above = run.parents[above];
    if (above >= 0) graph.connect(groupOf.get(above), key, "start");
  }
}

function memo(make) {
  const known = new Map();
  return (key) => {
    if (!known.has(key)) known.set(key, make(key));
    return known.get(key);
  };
}

/** Give a node what is written on it. */
function describe(run, node) {
  const [first] = node.members;
  node.count = node.members.length;
  if (node.kind === "process") {
    node.label = run.program(first);
    node.failed = node.members.some((process) => run.failed(process));
    node.role = "process";
    return;
  }
  const owner = run.packages[run.files.package[first]];
  node.role = roleOf(run, first, node);
  if (node.count === 1) node.label = baseName(run.files.path[first]);
  else if (owner && node.role === "machine") node.label = owner.name;
  else node.label = patternOf(node.members.map((file) => run.files.path[file]), run.folder);
}

function roleOf(run, file, node) {
  if (run.has(file, MACHINE)) return "machine";
  const made = run.has(file, WRITTEN);
  if (!made) return "input";
  return node.to.some((edge) => edge.kind === "read") ? "between" : "output";
}

/** Return what the names of files have in common: data/site*.csv. */
function patternOf(paths, folder) {
  let [head, tail] = [paths[0], paths[0]];
  for (const path of paths) {
    while (!path.startsWith(head)) head = head.slice(0, -1);
    while (!path.endsWith(tail)) tail = tail.slice(1);
  }
  const slash = tail.lastIndexOf("/");
  if (slash >= 0) tail = tail.slice(slash + 1);
  const pattern = `${near(head, folder)}*${head.length + tail.length > paths[0].length ? "" : tail}`;
  return pattern.length > 40 ? `…${pattern.slice(-39)}` : pattern;
}
