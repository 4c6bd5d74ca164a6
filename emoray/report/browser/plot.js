// The explorer's picture: drawn anew from a view, told where rows stand and which is nearest.

const MARGIN = { left: 54, right: 18, top: 30, bottom: 44 };
const TICK_WIDTH = 52; // pixels that a tick's words need
const NAMES_AT = [-16, 25, -32, 41]; // pixels from a ring to its name: the first that is free
const FRONT_PULL = 10; // pixels by which a row of the front seems nearer than it is
const disc = (x, y) => `M${x},${y}h0`; // a round cap makes it a disc
const ring = (x, y) => `M${x - 2.2},${y}a2.2,2.2 0 1,0 4.4,0a2.2,2.2 0 1,0 -4.4,0`;

const axisLines = (view, x, y) => {
  const { left, right, top, bottom } = view.box;
  const across = x.ticks(Math.max(3, Math.floor((right - left) / 90)));
  const up = y.ticks(Math.max(3, Math.floor((bottom - top) / 55)));
  return [
    across.map((t) => drawn("line", { class: "grid", x1: x.at(t), x2: x.at(t), y1: top, y2: bottom })),
    up.map((t) => drawn("line", { class: "grid", x1: left, x2: right, y1: y.at(t), y2: y.at(t) })),
    drawn("path", { class: "frame", d: `M${left},${top}V${bottom}H${right}` }),
    apart(across, x).map((t) => drawn("text", { class: "tick", x: x.at(t), y: bottom + 17, "text-anchor": "middle" }, tickOf(view.x, t))),
    up.map((t) => drawn("text", { class: "tick", x: left - 8, y: y.at(t) + 4, "text-anchor": "end" }, tickOf(view.y, t))),
    drawn("text", { class: "title", x: (left + right) / 2, y: bottom + 37, "text-anchor": "middle" }, titleOf(view.x)),
    drawn("text", { class: "title", x: 0, y: 13 }, titleOf(view.y)),
  ];
};
// Ticks whose words do not touch; round ones go first.
const apart = (ticks, scale) => {
  const roundness = (t) => [1, 5, 2].indexOf(Number(t.toExponential()[0]));
  const first = [...ticks].sort((a, b) => (roundness(a) < 0) - (roundness(b) < 0));
  return first.reduce((kept, t) => (kept.every((k) => Math.abs(scale.at(k) - scale.at(t)) > TICK_WIDTH) ? [...kept, t] : kept), []);
};
const tickOf = (axis, value) => (axis.form === "score" ? significant(value, 4) : FORMS[axis.form](value));
const titleOf = (axis) => {
  const better = { maximize: ", more is better", minimize: ", less is better" }[axis.better] ?? "";
  return `${axis.title}${better}${axis.log ? " (log)" : ""}`;
};

// Baselines: a dashed line to beat, and a diamond where size or another measure is known too.
const references = (view, x, y) => view.references.map(({ name, values }) => {
  const value = values[view.y.name];
  if (value == null || value < view.ySpan.low || value > view.ySpan.high) return null;
  const across = values[view.x.name];
  const there = across != null && across >= view.xSpan.low && across <= view.xSpan.high && (!view.x.log || across > 0);
  const [cx, cy] = [there ? x.at(across) : 0, y.at(value)];
  return drawn("g", { "data-reference": name },
    drawn("line", { class: "reference", x1: view.box.left, x2: view.box.right, y1: cy, y2: cy }),
    drawn("text", { class: "reference-name", x: view.box.left + 5, y: cy - 4 }, name),
    there && drawn("path", { class: "diamond", d: `M${cx},${cy - 6}l6,6l-6,6l-6,-6Z` }));
});

// Dots of one colour and one standing are one path: thousands of rows stay a handful of elements.
const dots = (view, at) => {
  const paths = new Map();
  view.shown.forEach((row) => {
    const below = view.standing(row) === "worse than its front row";
    const key = `${below ? "below" : view.standing(row) === "not compared" ? "unknown" : "same"}|${view.colour(row)}`;
    const [x, y] = at(row).map((v) => v.toFixed(1));
    paths.set(key, (paths.get(key) ?? "") + (below ? ring(x, y) : disc(x, y)));
  });
  return [...paths].sort().map(([key, d]) => {
    const [standing, colour] = key.split("|");
    return drawn("path", { class: `dots ${standing}`, stroke: colour, d });
  });
};

// The front: a line where bytes are an axis, intervals where macro-F1 on test is one.
const frontMarks = (view, at, x, y) => {
  const front = view.front;
  const clip = { "clip-path": `url(#${view.id}-clip)` };
  const line = [view.x.name, view.y.name].includes("size_bytes") && front.length > 1;
  const bars = front.map((row) => {
    const [low, high] = view.interval(row);
    const [cx, cy] = at(row);
    if (view.y.name === "test_macro_f1") return drawn("line", { class: "interval", x1: cx, x2: cx, y1: y.at(low), y2: y.at(high) });
    if (view.x.name === "test_macro_f1") return drawn("line", { class: "interval", y1: cy, y2: cy, x1: x.at(low), x2: x.at(high) });
    return null;
  });
  return drawn("g", clip,
    line && drawn("path", { class: "front-line", d: `M${front.map((row) => at(row).map((v) => v.toFixed(1))).join("L")}` }),
    bars,
    front.map((row) => {
      const [cx, cy] = at(row);
      return drawn("circle", { class: "front", cx, cy, r: 5, fill: view.colour(row), "data-row": row });
    }));
};

// Picks share a ring and a name where they are one row; names keep inside the picture.
const pickMarks = (view, at) => {
  const names = new Map();
  Object.entries(view.picks).forEach(([name, row]) => names.set(row, [...(names.get(row) ?? []), name.split(" ")[0]]));
  const rows = [...names].filter(([row]) => view.isShown(row)).sort((a, b) => at(a[0])[0] - at(b[0])[0]);
  const taken = rows.map(([row]) => { const [x, y] = at(row); return { left: x - 10, right: x + 10, y }; });
  return rows.map(([row, both]) => {
    const [x, y] = at(row);
    const name = both.join(", ");
    const half = 3.6 * name.length;
    const middle = Math.min(Math.max(x, view.box.left + half), view.box.right - half);
    const free = (down) =>
      y + down > 10 && y + down < view.box.bottom
      && taken.every((t) => t.right < middle - half || t.left > middle + half || Math.abs(t.y - y - down) > 13 || (t.y === y && t.left === x - 10));
    const under = NAMES_AT.find(free) ?? NAMES_AT[0];
    taken.push({ left: middle - half, right: middle + half, y: y + under });
    return [
      drawn("circle", { class: "pick", cx: x, cy: y, r: 9 }),
      drawn("text", { class: "name", x: middle, y: y + under, "text-anchor": "middle" }, name),
    ];
  });
};

const withinBand = (view, x, y) => {
  if (view.x.name !== "size_bytes" || view.y.name !== "test_macro_f1" || !view.isShown(view.picks.best)) return null;
  const top = view.yOf(view.picks.best);
  const right = x.at(view.within.size_bytes);
  return drawn("rect", { class: "within", x: view.box.left, width: Math.max(right - view.box.left, 0), y: y.at(top), height: y.at(top - view.within.points) - y.at(top) });
};

const plot = (place, view) => {
  const { width, height } = view;
  view.box = { left: MARGIN.left, right: width - MARGIN.right, top: MARGIN.top, bottom: height - MARGIN.bottom };
  const x = scaleOf({ ...view.xSpan, from: view.box.left, to: view.box.right, log: view.x.log });
  const y = scaleOf({ ...view.ySpan, from: view.box.bottom, to: view.box.top, log: view.y.log });
  const places = new Map(view.shown.map((row) => [row, [x.at(view.xOf(row)), y.at(view.yOf(row))]]));
  const at = (row) => places.get(row);
  view.isShown = (row) => places.has(row);
  view.front = view.frontRows.filter(view.isShown);
  const clip = drawn("clipPath", { id: `${view.id}-clip` }, drawn("rect", { x: view.box.left, y: 0, width: width - view.box.left, height: view.box.bottom }));
  const marks = drawn("g", { class: "marks" });
  const picture = drawn("svg", { viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true" },
    drawn("defs", {}, clip), withinBand(view, x, y), axisLines(view, x, y), references(view, x, y), dots(view, at), frontMarks(view, at, x, y), pickMarks(view, at), marks);
  place.replaceChildren(picture);
  const isFront = new Set(view.front);
  const nearest = (px, py, reach) => {
    let [found, least] = [null, reach];
    places.forEach(([cx, cy], row) => {
      const far = Math.hypot(cx - px, cy - py) - (isFront.has(row) ? FRONT_PULL : 0);
      if (far < least) [found, least] = [row, far];
    });
    return found;
  };
  const by = (k) => [...places.keys()].sort((a, b) => at(a)[k] - at(b)[k] || at(a)[1 - k] - at(b)[1 - k] || a - b);
  const mark = (kind, row) => {
    marks.querySelector(`.${kind}`)?.remove();
    if (row != null && places.has(row)) marks.append(drawn("circle", { class: kind, cx: at(row)[0], cy: at(row)[1], r: kind === "cursor" ? 8 : 11 }));
  };
  return { at, nearest, mark, across: by(0), up: by(1), front: view.front, isShown: view.isShown, width };
};
