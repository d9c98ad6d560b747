// The graph: what was read by which process, which wrote what.

class GraphView {
  constructor(run, views) {
    Object.assign(this, { run, views, options: { machine: false, starts: false, all: false }, open: new Set(), matches: new Set() });
    this.canvas = el("canvas", { class: "graph", tabindex: "0", role: "application", "aria-label": "Graph of files and processes. Arrows go from node to node, plus and minus zoom, 0 shows all, Enter unfolds a node.", "aria-roledescription": "graph" });
    this.details = el("div", { class: "details", "aria-live": "polite" });
    this.draw = onceAFrame(() => this.drawNow());
    this.element = this.section();
    this.rebuild();
    this.listen();
  }

  section() {
    this.search = el("input", { type: "search", placeholder: "Find in the graph", "aria-label": "Find files and processes in the graph", oninput: () => this.find(), onkeydown: (event) => { if (event.key === "Enter") this.nextMatch(); } });
    const option = (name, text) => el("label", {}, el("input", { type: "checkbox", onchange: (event) => { this.options[name] = event.target.checked; this.rebuild(); } }), text);
    const zoom = el("span", { class: "buttons" }, button("−", "Smaller", () => this.zoom(0.8)), button("+", "Larger", () => this.zoom(1.25)), button("All", "Show the whole graph", () => this.fit()), (this.folder = button("Fold", "Fold what was unfolded", () => { this.open.clear(); this.rebuild(); })));
    return section(
      this.views.id("graph"),
      "Graph",
      "How data went from the inputs to the outputs. What plays the same part is one node: a double click unfolds it.",
      el("div", { class: "tools" }, this.search, option("machine", "system and libraries"), option("all", "all processes"), option("starts", "who started whom"), zoom, (this.found = el("span", { class: "note" }))),
      el("div", { class: "canvas-frame" }, this.canvas, graphLegend()),
      this.details,
    );
  }

  rebuild() {
    const chosen = this.chosen && { kind: this.chosen.kind, member: this.chosen.members[0] };
    this.graph = graphOf(this.run, { ...this.options, open: this.open });
    const context = this.canvas.getContext("2d");
    context.font = this.font = `12px ${getComputedStyle(document.body).fontFamily}`;
    layOut(this.graph, (node) => Math.min(Math.max(context.measureText(labelOf(node)).width + 26, 48), 260));
    this.chosen = chosen ? this.nodeOf(chosen.kind, chosen.member) : null;
    this.folder.hidden = !this.open.size;
    this.hovered = null;
    this.find();
    this.fit();
  }

  nodeOf(kind, member) {
    return this.graph.nodes.find((node) => node.kind === kind && node.members.includes(member)) || null;
  }

  /** Show all of the graph, or as much of it as can be read. */
  fit() {
    const { nodes } = this.graph;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!nodes.length || !width) return this.draw();
    const [left, right] = [Math.min(...nodes.map((n) => n.x - n.width / 2)), Math.max(...nodes.map((n) => n.x + n.width / 2))];
    const [top, bottom] = [Math.min(...nodes.map((n) => n.y)) - 16, Math.max(...nodes.map((n) => n.y)) + 16];
    this.scale = Math.min((width - 40) / (right - left), (height - 70) / (bottom - top), 1.15);
    this.x = width / 2 - ((left + right) / 2) * this.scale;
    this.y = (height - 30) / 2 - ((top + bottom) / 2) * this.scale;
    return this.draw();
  }

  zoom(factor, at) {
    const { clientWidth, clientHeight } = this.canvas;
    const point = at || { x: clientWidth / 2, y: clientHeight / 2 };
    const scale = Math.min(Math.max(this.scale * factor, 0.02), 4);
    this.x = point.x - ((point.x - this.x) * scale) / this.scale;
    this.y = point.y - ((point.y - this.y) * scale) / this.scale;
    this.scale = scale;
    this.draw();
  }

  listen() {
    const { canvas } = this;
    new ResizeObserver(() => { if (!this.fitted && canvas.clientWidth) { this.fitted = true; this.fit(); } else this.draw(); }).observe(canvas);
    whenColoursChange(this.draw);
    window.addEventListener("beforeprint", () => { this.fit(); this.drawNow(); });
    canvas.addEventListener("pointerdown", (event) => this.press(event));
    canvas.addEventListener("pointermove", (event) => this.hover(event));
    canvas.addEventListener("pointerleave", () => { this.hovered = null; this.draw(); });
    canvas.addEventListener("dblclick", (event) => this.unfold(this.nodeAt(event)));
    canvas.addEventListener("keydown", (event) => this.key(event));
    canvas.addEventListener("wheel", (event) => {
      // Turning the wheel over a graph that one isn't working in scrolls the page
      if (!event.ctrlKey && !event.metaKey && document.activeElement !== canvas) return;
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)), pointOf(event, canvas));
    }, { passive: false });
  }

  press(event) {
    const [x, y] = [this.x - event.clientX, this.y - event.clientY];
    let moved = false;
    this.canvas.setPointerCapture(event.pointerId);
    const move = (at) => {
      moved ||= Math.hypot(at.clientX - event.clientX, at.clientY - event.clientY) > 4;
      if (moved) {
        Object.assign(this, { x: x + at.clientX, y: y + at.clientY });
        this.draw();
      }
    };
    const end = (at) => {
      this.canvas.removeEventListener("pointermove", move);
      if (!moved) this.choose(this.nodeAt(at));
    };
    this.canvas.addEventListener("pointermove", move);
    this.canvas.addEventListener("pointerup", end, { once: true });
  }

  hover(event) {
    if (event.buttons) return;
    const node = this.nodeAt(event);
    if (node === this.hovered) return;
    this.hovered = node;
    this.canvas.classList.toggle("on-node", Boolean(node));
    this.canvas.title = node ? titleOf(this.run, node) : "";
    this.draw();
  }

  nodeAt(event) {
    const { x, y } = pointOf(event, this.canvas);
    const [gx, gy] = [(x - this.x) / this.scale, (y - this.y) / this.scale];
    const slack = 3 / this.scale;
    return this.graph.nodes.find((node) => Math.abs(gx - node.x) <= node.width / 2 + slack && Math.abs(gy - node.y) <= node.height / 2 + slack) || null;
  }

  choose(node, { look = false } = {}) {
    this.chosen = node;
    if (look && node) this.lookAt(node);
    this.draw();
    replaceChildren(this.details, node ? nodeDetails(this, node) : null);
    if (node) say(titleOf(this.run, node));
  }

  lookAt(node) {
    this.scale = Math.max(this.scale, 0.7);
    this.x = this.canvas.clientWidth / 2 - node.x * this.scale;
    this.y = this.canvas.clientHeight / 2 - node.y * this.scale;
  }

  /** Show the members of a node one by one, or, if they are many, list them. */
  unfold(node) {
    if (!node || node.count < 2) return;
    if (node.count <= 200) {
      this.open.add(node.key);
      this.rebuild();
    } else {
      this.choose(node);
      say(`${number(node.count)} are too many to be unfolded: they are listed below`);
    }
  }

  key(event) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const known = { "+": () => this.zoom(1.25), "-": () => this.zoom(0.8), 0: () => this.fit(), Enter: () => this.unfold(this.chosen), Escape: () => this.choose(null) };
    if (event.ctrlKey || event.metaKey || (!way && !known[event.key])) return;
    event.preventDefault();
    if (way) this.step(...way);
    else known[event.key]();
  }

  /** Go to the nearest node in a direction. */
  step(dx, dy) {
    const from = this.chosen;
    if (!from) return this.choose(this.graph.nodes[0] || null, { look: true });
    let [best, least] = [null, Infinity];
    for (const node of this.graph.nodes) {
      const [x, y] = [node.x - from.x, node.y - from.y];
      const along = x * dx + y * dy;
      const cost = along + 2.5 * Math.abs(x * dy + y * dx);
      if (node !== from && along > 1 && cost < least) [best, least] = [node, cost];
    }
    return best ? this.choose(best, { look: true }) : null;
  }

  find() {
    const wanted = this.search.value.trim().toLowerCase();
    const named = (node) => node.label.toLowerCase().includes(wanted);
    const texts = (node) => node.members.some((member) => (node.kind === "file" ? this.run.files.path[member] : this.run.command(member)).toLowerCase().includes(wanted));
    this.matches = new Set(wanted ? this.graph.nodes.filter((node) => named(node) || texts(node)).sort((a, b) => named(b) - named(a)) : []);
    this.found.textContent = wanted ? counted(this.matches.size, "node") : `${counted(this.graph.nodes.length, "node")}`;
    this.draw();
  }

  nextMatch() {
    const matches = [...this.matches];
    if (matches.length) this.choose(matches[(matches.indexOf(this.chosen) + 1) % matches.length], { look: true });
  }

  /** Go to a file or process that was chosen elsewhere. */
  go(kind, member) {
    let node = this.nodeOf(kind, member);
    if (!node) {
      for (const [name, wanted] of [["machine", kind === "file"], ["all", kind === "process"]]) {
        if (wanted) this.options[name] = this.element.querySelectorAll("input[type=checkbox]")[name === "machine" ? 0 : 1].checked = true;
      }
      this.rebuild();
      node = this.nodeOf(kind, member);
    }
    this.element.scrollIntoView();
    this.choose(node, { look: true });
  }

  /** What leads to a node and what comes of it. */
  lineage(node) {
    const found = new Set([node]);
    for (const [edges, end] of [["from", "from"], ["to", "to"]]) {
      const queue = [node];
      const seen = new Set(queue);
      for (const at of queue) {
        for (const edge of at[edges]) {
          const next = edge[end];
          if (edge.kind !== "start" && !seen.has(next)) {
            seen.add(next);
            found.add(next);
            queue.push(next);
          }
        }
      }
    }
    return found;
  }

  drawNow() {
    const { context, width, height } = sharpened(this.canvas);
    if (!width || !this.scale) return;
    const paint = Object.fromEntries(["ink", "ink-quiet", "ink-accent", "ink-line", "ink-card", "ink-bad", "ink-input", "ink-output", "ink-between", "ink-machine", "ink-process", "ink-on-process", "ink-match"].map((name) => [name, colour(name)]));
    context.translate(this.x, this.y);
    context.scale(this.scale, this.scale);
    const focus = this.hovered || this.chosen;
    const lit = focus ? this.lineage(focus) : this.matches.size ? this.matches : null;
    const seen = { left: -this.x / this.scale, top: -this.y / this.scale, right: (width - this.x) / this.scale, bottom: (height - this.y) / this.scale };
    for (const edge of this.graph.edges) drawEdge(context, edge, lit, focus, paint, this.scale);
    context.font = this.font;
    for (const node of this.graph.nodes) {
      if (node.x + node.width / 2 < seen.left || node.x - node.width / 2 > seen.right || node.y + 20 < seen.top || node.y - 20 > seen.bottom) continue;
      drawNode(context, node, { lit, paint, scale: this.scale, chosen: node === this.chosen, match: this.matches.has(node) });
    }
  }
}

function pointOf(event, canvas) {
  const { left, top } = canvas.getBoundingClientRect();
  return { x: event.clientX - left, y: event.clientY - top };
}

function labelOf(node) {
  const label = shown(node.label);
  const short = label.length > 34 ? `${label.slice(0, 20)}…${label.slice(-12)}` : label;
  return node.count > 1 ? `${short} × ${number(node.count)}` : short;
}

function titleOf(run, node) {
  const [first] = node.members;
  if (node.count > 1) return `${shown(node.label)}: ${node.kind === "file" ? counted(node.count, "file") : counted(node.count, "process", "processes")}`;
  return node.kind === "file" ? shown(run.files.path[first]) : `${shown(run.command(first)).slice(0, 300)} (process ${run.processes.number[first]}, ${run.end(first)})`;
}

function drawEdge(context, edge, lit, focus, paint, scale) {
  const on = !lit || (focus && lit.has(edge.from) && lit.has(edge.to));
  context.globalAlpha = on ? (focus ? 0.95 : 0.6) : 0.12;
  context.strokeStyle = focus && on && edge.kind !== "start" ? paint["ink-accent"] : edge.kind === "start" ? paint["ink-line"] : paint["ink-quiet"];
  context.lineWidth = Math.max(focus && on ? 1.6 : 1, 0.5 / scale);
  context.setLineDash(edge.kind === "start" ? [3, 4] : []);
  const back = edge.from.x > edge.to.x;
  const side = back ? -1 : 1;
  const begin = { x: edge.from.x + (side * edge.from.width) / 2, y: edge.from.y };
  const end = { x: edge.to.x - side * (edge.to.width / 2 + 5), y: edge.to.y };
  context.beginPath();
  context.moveTo(begin.x, begin.y);
  let last = begin;
  for (const point of [...edge.points, end]) {
    const middle = (last.x + point.x) / 2;
    context.bezierCurveTo(middle, last.y, middle, point.y, point.x, point.y);
    last = point;
  }
  context.stroke();
  context.setLineDash([]);
  if (scale > 0.25) {
    context.beginPath();
    context.moveTo(end.x + side * 5, end.y);
    context.lineTo(end.x - side * 2, end.y - 3.5);
    context.lineTo(end.x - side * 2, end.y + 3.5);
    context.fillStyle = context.strokeStyle;
    context.fill();
  }
  context.globalAlpha = 1;
}

function drawNode(context, node, { lit, paint, scale, chosen, match }) {
  const [left, top] = [node.x - node.width / 2, node.y - node.height / 2];
  const tone = paint[`ink-${node.role}`];
  context.globalAlpha = !lit || lit.has(node) ? 1 : 0.22;
  if (node.count > 1) box(context, left + 3, top + 3, node, paint["ink-card"], tone, 1);
  const isProcess = node.kind === "process";
  box(context, left, top, node, isProcess ? tone : paint["ink-card"], chosen ? paint["ink-accent"] : match ? paint["ink-match"] : node.failed ? paint["ink-bad"] : tone, chosen || match ? 3 : node.failed ? 2 : 1.2);
  if (!isProcess) {
    context.fillStyle = tone;
    context.beginPath();
    context.roundRect(left + 5, top + 7, 4, node.height - 14, 2);
    context.fill();
  }
  if (scale > 0.3) {
    context.fillStyle = isProcess ? paint["ink-on-process"] : paint.ink;
    context.textBaseline = "middle";
    context.textAlign = "left";
    context.fillText(labelOf(node), left + (isProcess ? 13 : 15), node.y + 0.5, node.width - 22);
  }
  context.globalAlpha = 1;
}

function box(context, left, top, node, fill, stroke, width) {
  context.beginPath();
  context.roundRect(left, top, node.width, node.height, node.kind === "process" ? 13 : 5);
  context.fillStyle = fill;
  context.fill();
  context.strokeStyle = stroke;
  context.lineWidth = width;
  context.stroke();
}

function graphLegend() {
  const keys = [["input", "input"], ["process", "process"], ["between", "made and read"], ["output", "output"], ["machine", "system, library"]];
  return el("p", { class: "legend" }, keys.map(([kind, text]) => el("span", { class: "key" }, el("i", { class: `swatch ink-${kind}` }), text)));
}

function nodeDetails(view, node) {
  const { run, views } = view;
  const members = node.members.slice(0, 60).map((member) => (node.kind === "file" ? fileButton(run, member, views) : processButton(run, member, views)));
  const neighbours = (edges, end, kind) => edges.filter((edge) => edge.kind === kind).slice(0, 20).map((edge) => el("button", { type: "button", class: "link", onclick: () => view.choose(edge[end], { look: true }) }, labelOf(edge[end])));
  const isFile = node.kind === "file";
  return el(
    "div",
    { class: "card" },
    el("h3", {}, shown(node.label), el("span", { class: "count" }, node.count > 1 ? number(node.count) : isFile ? node.role : "process")),
    facts([
      [isFile ? "files" : "processes", [...members, node.count > 60 ? el("span", { class: "note" }, ` and ${number(node.count - 60)} more`) : null].filter(Boolean)],
      ["written by", listOr(neighbours(node.from, "from", "write"))],
      ["read by", isFile ? listOr(neighbours(node.to, "to", "read")) : ""],
      ["reads", isFile ? "" : listOr(neighbours(node.from, "from", "read"))],
      ["writes", isFile ? "" : listOr(neighbours(node.to, "to", "write"))],
      ["started by", listOr(neighbours(node.from, "from", "start"))],
    ]),
    node.count > 1 && node.count <= 200 ? el("p", { class: "buttons" }, button("Unfold", "Show them one by one", () => view.unfold(node))) : null,
  );
}

function listOr(found) {
  return found.length ? found : "";
}
