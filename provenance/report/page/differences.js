// What differs between two runs, the likeliest cause first.

function differencesSection(comparison, runs) {
  const differing = comparison.sections.filter((kind) => kind.count);
  const same = comparison.sections.filter((kind) => !kind.count).map((kind) => kind.title);
  return section(
    "differences",
    "Differences",
    differing.length ? "The likeliest cause comes first." : null,
    el("p", { class: "sides" }, el("span", { class: "one" }, sideName(runs, 0)), el("span", { class: "other" }, sideName(runs, 1))),
    differing.length ? null : el("p", { class: "card verdict" }, comparison.missing ? `Nothing differs that the traces tell; of ${counted(comparison.missing, "input")} they don't tell the content.` : comparison.gaps ? "Nothing differs that the traces tell." : "The runs are the same."),
    differing.map((kind, place) => kindCard(kind, place, runs)),
    differing.length && same.length ? el("p", { class: "note" }, `The same in both: ${same.join(", ")}.`) : null,
    differing.length && comparison.missing ? el("p", { class: "note" }, `Of ${counted(comparison.missing, "input")} the traces don't tell the content: they may differ.`) : null,
    comparison.hint ? el("p", { class: "note" }, shown(comparison.hint)) : null,
  );
}

function sideName(runs, place) {
  return `${"−+"[place]} ${shown(runs[place].source)}: ${shown(runs[place].name)}`;
}

const FIRST_DIFFERENCES = 12;

function kindCard(kind, place, runs) {
  const list = el("div", {}, kind.differences.slice(0, FIRST_DIFFERENCES).map((found) => differenceOf(found, kind, runs)));
  const rest = kind.differences.slice(FIRST_DIFFERENCES);
  const left = kind.count - kind.differences.length;
  return el(
    "div",
    { class: `card kind ${place ? "" : "first"}` },
    el("h3", {}, kind.title, el("span", { class: "count" }, number(kind.count))),
    list,
    rest.length ? unfolding(`${number(rest.length)} more`, () => el("div", {}, rest.map((found) => differenceOf(found, kind, runs)))) : null,
    left ? el("p", { class: "note" }, `and ${number(left)} more: rpz diff --all`) : null,
  );
}

function differenceOf(found, kind, runs) {
  return el(
    "div",
    { class: "difference" },
    el("p", { class: "path" }, withMarks(found.name, runs[0].redacted)),
    found.one === null && found.other === null ? null : el("div", { class: "values" }, valueSide("one", found.one, runs), valueSide("other", found.other, runs)),
    found.detail ? detailOf(found.detail) : null,
    kind.title === "outputs" ? bothPreviews(found.name, runs) : null,
  );
}

function valueSide(side, value, runs) {
  if (value === null) return el("div", { class: `${side} absent` }, "not there");
  return el("div", { class: side }, el("span", { class: "sign" }, side === "one" ? "−" : "+"), el("span", {}, withMarks(value, runs[0].redacted)));
}

const SHORT_DETAIL = 16;

function detailOf(text) {
  const lines = text.split("\n").length;
  return lines <= SHORT_DETAIL ? diffText(text) : unfolding(`${number(lines)} lines`, () => diffText(text));
}

/** The two forms of an output side by side, where the page has them. */
function bothPreviews(path, runs) {
  const found = runs.map((run) => run.outputs.files.find((output) => output.path === path));
  if (!found[0] || !found[1] || found.some((output) => "note" in output.preview)) return null;
  return el("div", { class: "values" }, found.map((output, place) => el("div", { class: `preview ${["one", "other"][place]}` }, previewOf(output.preview, path))));
}
