// How values are shown as text.

/** What a reader would not see, or would be misled by: control characters, marks that turn the
 * direction of writing, and bytes that are no UTF-8 (Python's surrogateescape). */
const UNSHOWN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const KEPT_IN_LINES = /[\n\t]/;

/** Return text with what can't be seen as escapes. */
function shown(text) {
  return String(text).replace(UNSHOWN, escaped);
}

/** Return text of several lines likewise. */
function shownLines(text) {
  return String(text).replace(UNSHOWN, (c) => (KEPT_IN_LINES.test(c) ? c : escaped(c)));
}

function escaped(character) {
  const code = character.charCodeAt(0);
  const known = { 10: "\\n", 13: "\\r", 9: "\\t" };
  if (known[code]) return known[code];
  if (code >= 0xdc80 && code <= 0xdcff) return "\\x" + (code - 0xdc00).toString(16);
  return code < 256 ? "\\x" + code.toString(16).padStart(2, "0") : "\\u" + code.toString(16);
}

/** Return words as one could type them in a shell. */
function commandLine(words) {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${shown(word).replaceAll("'", "'\\''")}'`)).join(" ");
}

/** Return bytes for a person: 1.5 kB. */
function size(bytes) {
  if (bytes === null || bytes === undefined) return "–";
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let unit = 0;
  let value = bytes;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit && value < 99.5 ? Number(value.toPrecision(2)) : Math.round(value)} ${units[unit]}`;
}

/** Return nanoseconds for a person: 3 ms, 1.25 s, 3 min 5 s. */
function duration(nanoseconds) {
  if (nanoseconds === null || nanoseconds === undefined) return "–";
  const seconds = nanoseconds / 1e9;
  if (seconds === 0) return "0";
  if (seconds < 1e-3) return `${Math.round(seconds * 1e6)} µs`;
  if (seconds < 0.9995) return `${Number((seconds * 1e3).toPrecision(seconds < 0.1 ? 2 : 3))} ms`;
  if (seconds < 59.995) return `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
  const whole = Math.round(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h ? `${h} h ${m} min` : `${m} min ${s} s`;
}

/** Return milliseconds since 1970 as a time of the wall clock, in the zone of an offset (+0130). */
function moment(milliseconds, offset) {
  const found = /^([+-])(\d\d):?(\d\d)/.exec(offset || "");
  const minutes = found ? Number(found[1] + 1) * (60 * Number(found[2]) + Number(found[3])) : 0;
  const time = new Date(milliseconds + minutes * 60000);
  if (Number.isNaN(time.getTime())) return "–";
  const zone = found && minutes ? `${found[1]}${found[2]}:${found[3]}` : "UTC";
  return `${time.toISOString().slice(0, 19).replace("T", " ")} ${zone}`;
}

const NUMBERS = new Intl.NumberFormat("en");

function number(value) {
  return NUMBERS.format(value);
}

function counted(value, noun, nouns = `${noun}s`) {
  return `${number(value)} ${value === 1 ? noun : nouns}`;
}

/** Return what comes behind the last slash. */
function baseName(path) {
  return path.slice(path.lastIndexOf("/", path.length - 2) + 1);
}

function folderName(path) {
  const end = path.lastIndexOf("/");
  return end > 0 ? path.slice(0, end) : "/";
}

/** Return a path from the run's folder, if it is in there. */
function near(path, folder) {
  return folder !== "/" && path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : path;
}
