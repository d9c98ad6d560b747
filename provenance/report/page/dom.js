// The page's elements. Whatever comes from a run gets in as text or as an attribute that loads and
// runs nothing: never as markup.

/** Make an element: el("p", {class: "lead", onclick: f}, "text", other). */
function el(name, attributes, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** Likewise, of a drawing. */
function svg(name, attributes, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

function replaceChildren(element, ...children) {
  element.replaceChildren(...children.flat().filter((child) => child));
}

/** A part of the page, with its heading. */
function section(id, title, note, ...children) {
  return el(
    "section",
    { id, class: "part", "aria-labelledby": `${id}-title` },
    el("div", { class: "part-head" }, el("h2", { id: `${id}-title` }, title), note ? el("p", { class: "note" }, note) : null),
    ...children,
  );
}

/** A list of names and values. */
function facts(pairs) {
  return el(
    "dl",
    { class: "facts" },
    pairs.filter(([, value]) => value !== null && value !== undefined && value !== "" && value !== false).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))),
  );
}

function button(text, label, onclick, more) {
  return el("button", { type: "button", "aria-label": label, title: label, onclick, ...more }, text);
}

/** Text that is unfolded only when asked for, and made then. */
function unfolding(summary, make) {
  const details = el("details", {}, el("summary", {}, summary));
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) details.append(make());
  });
  return details;
}

/** Tell those who listen to the page rather than look at it. */
function say(text) {
  document.getElementById("said").textContent = text;
}

/** The value of a colour of the style, for a canvas. */
function colour(name) {
  const probe = el("span", { class: `probe ${name}` });
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

/** Make a canvas as sharp as the screen is, and return what draws on it in CSS pixels. */
function sharpened(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

/** Call a function at most once a frame. */
function onceAFrame(draw) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
    });
  };
}

const COLOUR_LISTENERS = [];

/** Call a function when the page turns dark or light. */
function whenColoursChange(draw) {
  COLOUR_LISTENERS.push(draw);
}

function coloursChanged() {
  COLOUR_LISTENERS.forEach((draw) => draw());
}

window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", coloursChanged);
