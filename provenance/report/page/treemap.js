// Areas that are as large as what they stand for (squarified treemap, Bruls, Huizing, van Wijk 2000).

/** Return rectangles for values, which descend, in a width and height. */
function squarified(values, width, height) {
  const whole = values.reduce((sum, value) => sum + value, 0);
  const scale = whole ? (width * height) / whole : 0;
  const areas = values.map((value) => value * scale);
  const room = { x: 0, y: 0, width, height };
  const placed = [];
  let row = [];
  for (const area of areas) {
    const side = Math.min(room.width, room.height);
    if (row.length && worst([...row, area], side) > worst(row, side)) {
      placed.push(...laidOut(row, room));
      row = [];
    }
    row.push(area);
  }
  placed.push(...laidOut(row, room));
  return placed;
}

/** How long the longest of the rectangles of a row is, for its breadth. */
function worst(row, side) {
  const sum = row.reduce((total, area) => total + area, 0);
  return Math.max(...row.map((area) => Math.max((side * side * area) / (sum * sum), (sum * sum) / (side * side * area))));
}

function laidOut(row, room) {
  const sum = row.reduce((total, area) => total + area, 0);
  const lying = room.width < room.height;
  const thick = sum / (lying ? room.width : room.height) || 0;
  let along = 0;
  const placed = row.map((area) => {
    const long = area / thick || 0;
    const place = lying ? { x: room.x + along, y: room.y, width: long, height: thick } : { x: room.x, y: room.y + along, width: thick, height: long };
    along += long;
    return place;
  });
  if (lying) Object.assign(room, { y: room.y + thick, height: room.height - thick });
  else Object.assign(room, { x: room.x + thick, width: room.width - thick });
  return placed;
}

const MOST_TILES = 60;

/** Tiles for the packages of a run's files; each of them chooses its files. */
function packageMap(run, choose) {
  const groups = new Map();
  for (let file = 0; file < run.fileCount; file += 1) {
    const key = run.files.package[file] >= 0 ? run.files.package[file] : run.has(file, MACHINE) ? "system" : "own";
    const group = groups.get(key) || { key, bytes: 0, files: 0 };
    group.bytes += run.files.size[file] || 0;
    group.files += 1;
    groups.set(key, group);
  }
  const sorted = [...groups.values()].filter((group) => group.bytes).sort((a, b) => b.bytes - a.bytes);
  const element = el("div", { class: "treemap", role: "group", "aria-label": "Packages by the bytes of their files that were used" });
  const draw = onceAFrame(() => drawTiles(element, run, sorted, choose));
  new ResizeObserver(draw).observe(element);
  element.groups = sorted;
  return element;
}

function drawTiles(element, run, groups, choose) {
  const width = element.clientWidth;
  if (!width || element.drawnWidth === width) return;
  element.drawnWidth = width;
  const large = groups.slice(0, MOST_TILES);
  const rest = groups.slice(MOST_TILES);
  if (rest.length) large.push({ key: null, bytes: rest.reduce((sum, g) => sum + g.bytes, 0), files: rest.reduce((sum, g) => sum + g.files, 0), packages: rest.length });
  large.sort((a, b) => b.bytes - a.bytes);
  const places = squarified(large.map((group) => group.bytes), width, element.clientHeight);
  element.replaceChildren(...large.map((group, n) => tileOf(run, group, places[n], choose)));
}

function tileOf(run, group, place, choose) {
  const name = nameOfGroup(run, group);
  const words = `${name}: ${size(group.bytes)} in ${counted(group.files, "file")}`;
  const kind = group.key === "own" ? "own" : group.key === "system" ? "system" : `m${managerNumber(run, group)}`;
  const tile = el("button", { type: "button", class: `area ${kind}`, title: words, "aria-label": words, onclick: () => choose(group.key) });
  if (place.width > 44 && place.height > 20) tile.append(el("b", {}, name));
  if (place.width > 52 && place.height > 36) tile.append(el("small", {}, size(group.bytes)));
  if (place.width < 44 || place.height < 24) tile.style.padding = "0";
  Object.assign(tile.style, { left: `${place.x}px`, top: `${place.y}px`, width: `${Math.max(place.width - 2, 1)}px`, height: `${Math.max(place.height - 2, 1)}px` });
  return tile;
}

function nameOfGroup(run, group) {
  if (group.key === "own") return "files of the experiment";
  if (group.key === "system") return "files of no package";
  if (group.key === null) return `${number(group.packages)} more packages`;
  return shown(run.packages[group.key].name);
}

function managerNumber(run, group) {
  if (group.key === null) return 5;
  const managers = [...new Set(run.packages.map((found) => found.manager))];
  return managers.indexOf(run.packages[group.key].manager) % 5;
}
