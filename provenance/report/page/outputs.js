// The outputs: images, the beginnings of tables and texts.

const FIRST_OUTPUTS = 60;

function outputsSection(run, views) {
  const { files, streams, left_out: left } = run.outputs;
  if (!files.length && !streams.length) return null;
  const grid = el("div", { class: "outputs" });
  const isSeen = (output) => !("note" in output.preview);
  const rank = (output) => ("image" in output.preview ? 0 : 1);
  const sorted = [...streams, ...files].filter(isSeen).sort((a, b) => rank(a) - rank(b));
  const unseen = new Map();
  for (const output of [...streams, ...files]) {
    if (!isSeen(output)) unseen.set(output.preview.note, [...(unseen.get(output.preview.note) || []), output]);
  }
  const add = (count) => grid.append(...sorted.splice(0, count).map((output) => outputCard(run, output)));
  add(FIRST_OUTPUTS);
  const more = el("button", { type: "button", onclick: () => { add(FIRST_OUTPUTS); more.hidden = !sorted.length; } }, "Show more");
  more.hidden = !sorted.length;
  const note = left ? `The first ${number(files.length)} of what the run has left; ${number(left)} more are in the list of files.` : "What the run has left.";
  return section(views.id("outputs"), "Outputs", note, grid, more, [...unseen].map(([why, outputs]) => unseenCard(run, why, outputs)));
}

const MOST_UNSEEN = 30;

/** Outputs of which nothing is shown, and why. */
function unseenCard(run, why, outputs) {
  const rows = outputs.slice(0, MOST_UNSEEN).map((output) => el("li", {}, el("span", { class: "path", title: shown(output.path) }, shown(near(output.path, run.folder))), el("span", { class: "number" }, size(output.size))));
  const rest = outputs.length - rows.length;
  return el("div", { class: "card unseen-outputs" }, el("p", { class: "note" }, `${why}:`), el("ul", { class: "plain-list" }, rows), rest ? el("p", { class: "note" }, `and ${number(rest)} more`) : null);
}

function outputCard(run, output) {
  return el(
    "figure",
    { class: "card output" },
    el("figcaption", { title: shown(output.path) }, el("span", { class: "path" }, shown(near(output.path, run.folder))), el("span", { class: "number" }, size(output.size))),
    previewOf(output.preview, output.path),
  );
}

/** Return what is shown of a file: an image from the bytes in this page, never from elsewhere. */
function previewOf(preview, path) {
  if ("image" in preview) return imageOf(preview, path);
  if ("rows" in preview) return tableOf(preview);
  if ("text" in preview) return el("div", { class: "first-lines" }, el("pre", { tabindex: "0", "aria-label": `First lines of ${shown(path)}` }, shownLines(preview.text)), preview.more ? el("p", { class: "note" }, "and more") : null);
  return el("p", { class: "note" }, preview.note);
}

const SHOWN_IMAGES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml"]);

function imageOf({ image, data }, path) {
  if (!SHOWN_IMAGES.has(image)) return null;
  const picture = el("img", { alt: `The output ${shown(baseName(path))}`, loading: "lazy", decoding: "async", src: `data:${image};base64,${data}` });
  const larger = el("dialog", { class: "larger", "aria-label": shown(baseName(path)), onclick: () => larger.close() });
  const opener = button(picture, `Show ${shown(baseName(path))} in full size`, () => {
    larger.replaceChildren(picture.cloneNode());
    document.body.append(larger);
    larger.showModal();
  }, { class: "picture" });
  return opener;
}

function isNumber(cell) {
  return Boolean(cell) && cell.trim() !== "" && !Number.isNaN(Number(cell));
}

function tableOf({ rows, more }) {
  const [first, ...rest] = rows;
  const isHead = !first.some(isNumber);
  const body = isHead ? rest : rows;
  const cells = (row) => row.map((cell) => el("td", { class: isNumber(cell) ? "number" : null }, shown(cell)));
  return el(
    "div",
    { class: "scrolled", tabindex: "0", role: "region", "aria-label": "First rows of the table" },
    el("table", {}, isHead ? el("thead", {}, el("tr", {}, first.map((cell, column) => el("th", { scope: "col", class: isNumber((rest[0] || [])[column]) ? "number" : null }, shown(cell))))) : null, el("tbody", {}, body.map((row) => el("tr", {}, cells(row))))),
    more ? el("p", { class: "note" }, "and more") : null,
  );
}
