// The rows as `packing.py` wrote them, and how their values are written for people.

const NOTHING = -32768; // where a table of thousandths has no value

const columnOf = (packed) => {
  if ("all" in packed) return () => packed.all;
  if ("words" in packed) return (row) => packed.words[packed.codes[row]] ?? null;
  return (row) => packed.values[row];
};
const columnsOf = (packed) =>
  Object.fromEntries(Object.entries(packed).map(([name, column]) => [name, columnOf(column)]));

// Shares from base64 of int16 thousandths; null where nothing is known.
const sharesOf = (text) => {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const one = (k) => view.getInt16(2 * k, true);
  return Array.from({ length: bytes.length / 2 }, (_, k) => (one(k) === NOTHING ? null : one(k) / 1000));
};

const digits = (value, places) => value.toFixed(places).replace("-", "\u2212");
const signed = (value, places) => (value >= 0 ? "+" : "") + digits(value, places);
const points = (share) => signed(100 * share, 2);
const counted = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
const significant = (value, n) => String(Number(value.toPrecision(n))).replace("-", "\u2212");
const FORMS = {
  bytes: (v) => (v >= 1e6 ? `${significant(v / 1e6, 3)} MB` : v >= 1e3 ? `${significant(v / 1e3, 3)} KB` : `${v} B`),
  ms: (v) => (v >= 1 ? `${significant(v, 3)} ms` : `${significant(v * 1000, 3)} µs`),
  count: (v) => v.toLocaleString("en"),
  score: (v) => digits(v, 3),
  number: (v) => significant(v, 3),
};
const written = (axis, value) => (value == null ? "not measured" : FORMS[axis.form](value));

// A path as seen from where this page lies: absolute where the page was opened from a disk.
const located = (path) => {
  if (location.protocol !== "file:" || path.includes("://")) return path;
  const found = decodeURIComponent(new URL(path.split("/").map(encodeURIComponent).join("/"), location.href).pathname);
  return /^\/[A-Za-z]:/.test(found) ? found.slice(1) : found.replace(/(.)\/$/, "$1");
};
const quoted = (path) => JSON.stringify(located(path)); // as Python reads it too
const filledIn = (code, { folder, home, point, taxonomy }) =>
  code.replaceAll("{folder}", () => quoted(folder)).replaceAll("{run}", () => quoted(home)).replaceAll("{point}", () => point)
    .replaceAll("{taxonomy}", () => (taxonomy ? `, taxonomy=${quoted(taxonomy)}` : ""));

// Elements: `of("p", { class: "hint" }, "words", child)`.
const fill = (element, attributes, children) => {
  Object.entries(attributes).forEach(([name, value]) => {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value != null && value !== false) element.setAttribute(name, value === true ? "" : value);
  });
  element.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return element;
};
const of = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
const drawn = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
