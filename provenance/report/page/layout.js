// Where the nodes of a graph are: in layers from left to right, as the data flow
// (Sugiyama, Tagawa, Toda 1981: layers, order by the middle of the neighbours, places).

const NODE_HEIGHT = 26;
const GAP = 12;
const LAYER_GAP = 64;

/** Give each node of a graph x, y, width; widthOf tells how wide its label is. */
function layOut(graph, widthOf) {
  graph.nodes.forEach((node) => Object.assign(node, { width: widthOf(node), height: NODE_HEIGHT }));
  const forward = withoutCycles(graph);
  rank(graph, forward);
  const layers = layersOf(graph, forward);
  for (let round = 0; round < 12; round += 1) sweep(layers, round % 2 === 0);
  placeLayers(layers);
}

/** The edges as pairs, without those that would lead back. */
function withoutCycles(graph) {
  const state = new Map();
  const kept = new Set();
  const order = [...graph.nodes].sort((a, b) => a.from.length - b.from.length || a.place - b.place);
  for (const root of order) {
    if (state.has(root)) continue;
    const stack = [[root, 0]];
    state.set(root, "open");
    while (stack.length) {
      const step = stack[stack.length - 1];
      const [node, next] = step;
      if (next === node.to.length) {
        state.set(node, "done");
        stack.pop();
        continue;
      }
      step[1] += 1;
      const edge = node.to[next];
      if (state.get(edge.to) === "open") continue;
      kept.add(edge);
      if (!state.has(edge.to)) {
        state.set(edge.to, "open");
        stack.push([edge.to, 0]);
      }
    }
  }
  return kept;
}

/** The layer of each node: behind all that come before it; inputs right before their readers. */
function rank(graph, forward) {
  const waiting = new Map(graph.nodes.map((node) => [node, node.from.filter((edge) => forward.has(edge)).length]));
  const ready = graph.nodes.filter((node) => waiting.get(node) === 0);
  graph.nodes.forEach((node) => { node.layer = 0; });
  for (const node of ready) {
    for (const edge of node.to) {
      if (!forward.has(edge)) continue;
      edge.to.layer = Math.max(edge.to.layer, node.layer + 1);
      waiting.set(edge.to, waiting.get(edge.to) - 1);
      if (waiting.get(edge.to) === 0) ready.push(edge.to);
    }
  }
  for (const node of graph.nodes) {
    const after = node.to.filter((edge) => forward.has(edge)).map((edge) => edge.to.layer);
    if (!node.from.length && after.length) node.layer = Math.max(Math.min(...after) - 1, 0);
  }
}

/** The layers, with a point on the way of each edge in every layer that it passes. */
function layersOf(graph, forward) {
  const layers = [];
  const put = (item) => (layers[item.layer] ||= []).push(item);
  graph.nodes.forEach((node) => {
    Object.assign(node, { before: [], after: [] });
    put(node);
  });
  const points = graph.edges.length <= 4000;
  for (const edge of graph.edges) {
    edge.points = [];
    const [left, right] = forward.has(edge) ? [edge.from, edge.to] : [edge.to, edge.from];
    let last = left;
    for (let layer = left.layer + 1; points && layer < right.layer; layer += 1) {
      const point = { layer, width: 0, height: 4, before: [last], after: [] };
      last.after.push(point);
      put(point);
      edge.points.push(point);
      last = point;
    }
    last.after.push(right);
    right.before.push(last);
    if (left !== edge.from) edge.points.reverse();
  }
  for (let layer = 0; layer < layers.length; layer += 1) layers[layer] ||= [];
  layers.forEach((layer) => layer.forEach((item, place) => { item.order = place; }));
  return layers;
}

/** Order the layers by the middle of what their items are connected with on one side. */
function sweep(layers, down) {
  const order = down ? layers : [...layers].reverse();
  for (const layer of order) {
    for (const item of layer) {
      const near = down ? item.before : item.after;
      item.middle = near.length ? near.reduce((sum, other) => sum + other.order, 0) / near.length : item.order;
    }
    layer.sort((a, b) => a.middle - b.middle || a.order - b.order);
    layer.forEach((item, place) => { item.order = place; });
  }
}

function placeLayers(layers) {
  let x = 0;
  for (const layer of layers) {
    const width = Math.max(0, ...layer.map((item) => item.width));
    let y = 0;
    for (const item of layer) {
      Object.assign(item, { x: x + width / 2, y: y + item.height / 2 });
      y += item.height + GAP;
    }
    layer.forEach((item) => { item.y -= y / 2; });
    x += width + LAYER_GAP;
  }
  for (let round = 0; round < 16; round += 1) {
    for (const layer of round % 2 ? [...layers].reverse() : layers) straighten(layer, round % 2 ? "after" : "before");
  }
}

/** Move items to the height of what they are connected with, as far as their neighbours let them. */
function straighten(layer, side) {
  const wishes = layer.map((item) => {
    const near = item[side].length ? item[side] : item[side === "after" ? "before" : "after"];
    return near.length ? near.reduce((sum, other) => sum + other.y, 0) / near.length : item.y;
  });
  const blocks = [];
  layer.forEach((item, place) => {
    let block = { items: [item], offsets: [0], wish: wishes[place], height: 0 };
    while (blocks.length) {
      const above = blocks[blocks.length - 1];
      const step = above.height + distance(above.items[above.items.length - 1], block.items[0]);
      if (above.wish + step <= block.wish) break;
      blocks.pop();
      const [m, n] = [above.items.length, block.items.length];
      block = {
        items: [...above.items, ...block.items],
        offsets: [...above.offsets, ...block.offsets.map((offset) => offset + step)],
        wish: (above.wish * m + (block.wish - step) * n) / (m + n),
        height: step + block.height,
      };
    }
    blocks.push(block);
  });
  for (const { items, offsets, wish } of blocks) items.forEach((item, place) => { item.y = wish + offsets[place]; });
}

function distance(above, below) {
  return (above.height + below.height) / 2 + GAP;
}
