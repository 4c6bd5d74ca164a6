// The explorer: its state, which the address keeps, and what happens when one points and types.

const explorers = new Map();
const DEFAULTS = { x: "size_bytes", y: "test_macro_f1", range: "near", point: "" };

const readData = (name) => {
  const data = JSON.parse(document.getElementById(`explorer-${name}`).textContent);
  const columns = columnsOf(data.columns);
  const compared = Object.fromEntries(Object.entries(data.comparisons).map(([how, packed]) => {
    const told = columnsOf(packed.columns);
    const where = new Map(Array.from({ length: packed.rows }, (_, k) => [told.row(k), k]));
    const one = (k) => Object.fromEntries(Object.entries(told).map(([key, value]) => [key, value(k)]));
    return [how, (row) => (where.has(row) ? one(where.get(row)) : null)];
  }));
  const rowOf = (row) => Object.fromEntries(Object.entries(columns).map(([key, value]) => [key, value(row)]));
  const numbers = Array.from({ length: data.rows }, (_, row) => row);
  const place = new Map(numbers.map((row) => [columns.point(row), row]));
  const codeOf = (row) => data.code[row.shipped ? "shipped" : row.family === "ensemble" ? "ensemble" : "base"];
  const code = (row) => filledIn(codeOf(row), row);
  return { ...data, columns, comparisons: compared, rowOf, numbers, place, code };
};

const startExplorer = (figure) => {
  const name = figure.dataset.explorer;
  const data = readData(name);
  const axes = Object.fromEntries(data.axes.map((axis) => [axis.name, axis]));
  const defaults = { ...DEFAULTS, colour: data.colours[0], hidden: "" };
  Object.keys(data.filters).forEach((filter) => { defaults[filter] = ""; });
  let state = { ...defaults };
  let cursor = null;
  let drawing = null;

  const scene = of("div", { class: "plot", tabindex: 0, role: "application", "aria-roledescription": "scatter plot",
    "aria-label": "Operating points. Arrow keys go from row to row, Page Up and Page Down along the front, "
      + "Enter opens a row's card, Escape closes it." });
  const tip = of("div", { class: "tip", hidden: true });
  const stage = of("div", { class: "stage" }, scene, tip);
  const said = of("p", { class: "sr", "aria-live": "polite" });
  const count = of("p", { class: "shown", "aria-live": "polite" });
  const about = of("p", { class: "about" });
  const none = of("p", { class: "none", role: "status", hidden: true });
  const table = of("div", { class: "card-place" });
  const panel = controls({ data, axes, change: (changes) => set(changes), reset: () => set({ ...defaults }) });
  figure.querySelector(".explore").append(panel.element, none, stage, panel.marks, count, about, said, table);

  const hidden = () => new Set(state.hidden.split("|").filter(Boolean));
  const passes = (row) =>
    Object.keys(data.filters).every((filter) => !state[filter] || data.columns[filter](row) === state[filter])
    && !hidden().has(data.columns[state.colour](row));

  const interval = (row) => [data.columns.test_macro_f1_low(row), data.columns.test_macro_f1_high(row)];
  const viewOf = (width) => {
    const [x, y] = [axes[state.x], axes[state.y]];
    const [xOf, yOf] = [data.columns[state.x], data.columns[state.y]];
    const passing = data.numbers.filter(passes);
    const there = passing.filter((row) => xOf(row) != null && yOf(row) != null);
    const front = data.front.filter(passes);
    const near = state.range === "near";
    const some = there.length ? there : data.numbers;
    const ends = (axis) => (axis.name === "test_macro_f1" ? front.flatMap(interval) : []);
    const span = (axis, valueOf) => spanOf(axis, [...some.map(valueOf), ...ends(axis)], front.map(valueOf), near);
    const [xSpan, ySpan] = [span(x, xOf), span(y, yOf)];
    const within = (span, value) => value >= span.low && value <= span.high;
    const shown = there.filter((row) => within(xSpan, xOf(row)) && within(ySpan, yOf(row)));
    const palette = data.palette[state.colour];
    return {
      id: figure.id, width, height: Math.round(Math.min(Math.max(width * 0.5, 300), 470)),
      x, y, xOf, yOf, xSpan, ySpan, shown, passing: passing.length, beyond: there.length - shown.length,
      references: data.references, frontRows: data.front, picks: data.picks, within: data.within,
      colour: (row) => palette[data.columns[state.colour](row)], standing: data.columns.standing,
      interval,
    };
  };
  // Why the picture is empty, or why the row of the address is not in it.
  const sayNothing = (view) => {
    const elsewhere = lost && `The row ${lost} is not among those drawn here. Draw the page again with it: `
      + `python -m jobs.report RUN --point ${lost}`;
    const chosen = [...Object.entries(data.filters).filter(([filter]) => state[filter])
      .map(([filter, title]) => `${title.toLowerCase()}: ${state[filter]}`), ...(state.hidden ? ["colours hidden in the legend"] : [])];
    const empty = view.shown.length === 0 && (chosen.length
      ? `No row has all of this (${chosen.join("; ")}). `
      : view.passing ? "No row has a value on both of these axes. " : "No row is left. ");
    none.hidden = !empty && !elsewhere;
    none.replaceChildren(...(empty ? [empty, of("button", { type: "button", onclick: () => set({ ...defaults }) }, "Show all rows again")] : []),
      ...(elsewhere ? [of("span", {}, elsewhere)] : []));
  };
  let lost = "";
  const draw = (width = scene.clientWidth) => {
    if (!width) return;
    const view = viewOf(width);
    drawing = plot(scene, view);
    drawing.mark("chosen", data.place.get(state.point));
    drawing.mark("cursor", cursor);
    const missing = view.passing - view.shown.length - view.beyond;
    const words = `${view.shown.length.toLocaleString("en")} of ${counted(data.rows, "row")} shown`
      + (data.of > data.rows ? `, a sample of the run's ${data.of.toLocaleString("en")}` : "")
      + (view.beyond ? ` · ${view.beyond.toLocaleString("en")} far from the front` : "")
      + Object.entries(data.filters).map(([filter, title]) => (state[filter] ? ` · only ${title.toLowerCase()}: ${state[filter]}` : "")).join("")
      + (missing ? ` · ${missing.toLocaleString("en")} without a value on these axes` : "");
    if (count.textContent !== words) count.textContent = words;
    sayNothing(view);
    about.replaceChildren(of("b", {}, "Across: "), `${view.x.about}. `, of("b", {}, "Up: "), `${view.y.about}.`);
    panel.show(state);
  };

  const summary = (row) => {
    const one = data.rowOf(row);
    const [low, high] = [one.test_macro_f1_low, one.test_macro_f1_high].map((v) => digits(v, 3));
    const others = [state.x, state.y].filter((axis) => !["size_bytes", "test_macro_f1"].includes(axis));
    return [
      [one.built],
      ["macro-F1, test", `${digits(one.test_macro_f1, 3)} [${low}, ${high}]`],
      ["size", written({ form: "bytes" }, one.size_bytes)],
      ["median latency", written({ form: "ms" }, one.latency_p50_ms)],
      ...others.filter((axis) => axis !== "latency_p50_ms").map((axis) => [axes[axis].title, written(axes[axis], one[axis])]),
      ["scheme", one.scheme], ["decides by", one.rule], ["", one.standing],
    ];
  };
  const point = (row) => {
    if (row === cursor) return;
    cursor = row;
    drawing.mark("cursor", row);
    tip.hidden = row == null;
    if (row == null) return;
    const [[built], ...told] = summary(row);
    tip.replaceChildren(of("b", {}, built), of("dl", {}, told.map(([term, words]) => fact(term, words))));
    const [x, y] = drawing.at(row);
    const left = x + 16 + tip.offsetWidth > drawing.width ? x - 16 - tip.offsetWidth : x + 16;
    tip.style.left = `${Math.max(0, Math.min(left, drawing.width - tip.offsetWidth))}px`;
    tip.style.top = `${y + 14}px`;
  };
  const open = (row, focus = true) => {
    set({ point: data.columns.point(row) });
    point(null);
    if (focus) table.querySelector("h4").focus({ preventScroll: true });
    if (focus) table.firstChild.scrollIntoView({ block: "nearest" });
  };
  const close = (focus = true) => {
    set({ point: "" });
    if (focus) scene.focus({ preventScroll: true });
  };
  const link = (id) => {
    const row = data.place.get(id);
    const text = of("code", {}, id);
    return row == null ? text : of("a", { href: `#${figure.id}?${new URLSearchParams({ point: id })}`, onclick: (event) => { event.preventDefault(); open(row); } }, text);
  };
  const showCard = () => {
    const number = data.place.get(state.point);
    if (number == null) table.replaceChildren();
    else if (table.firstChild?.dataset.point !== state.point)
      table.replaceChildren(cardOf({ row: data.rowOf(number), number, data, link, close }));
  };
  const set = (changes, keep = true) => {
    if (changes.point || changes.point === "" && keep) lost = "";
    state = { ...state, ...changes };
    if ("colour" in changes && !("hidden" in changes)) state.hidden = "";
    showCard();
    draw();
    if (keep) remember(figure.id, Object.entries(state).filter(([key, value]) => value !== defaults[key]));
  };

  const along = (rows, step) => {
    if (!rows.length) return null;
    const here = rows.indexOf(cursor);
    return rows[here < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(Math.max(here + step, 0), rows.length - 1)];
  };
  const KEYS = {
    ArrowRight: () => along(drawing.across, 1), ArrowLeft: () => along(drawing.across, -1),
    ArrowUp: () => along(drawing.up, 1), ArrowDown: () => along(drawing.up, -1),
    PageUp: () => along(drawing.front, 1), PageDown: () => along(drawing.front, -1),
    Home: () => drawing.front[0] ?? null, End: () => drawing.front.at(-1) ?? null,
  };
  scene.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in KEYS) {
      event.preventDefault();
      point(KEYS[event.key]());
      if (cursor != null) said.textContent = summary(cursor).map((told) => told.join(" ")).join("; ");
    } else if ((event.key === "Enter" || event.key === " ") && cursor != null) {
      event.preventDefault();
      open(cursor);
    }
  });
  figure.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    if (state.point) close();
    else point(null);
  });
  const under = (event) => {
    const box = scene.getBoundingClientRect();
    return drawing.nearest(event.clientX - box.left, event.clientY - box.top, 24);
  };
  scene.addEventListener("pointermove", (event) => { if (event.pointerType === "mouse") point(under(event)); });
  scene.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") point(null); });
  scene.addEventListener("blur", () => point(null));
  scene.addEventListener("click", (event) => {
    const row = under(event);
    if (row != null) open(row);
  });
  new ResizeObserver(() => { if (drawing?.width !== scene.clientWidth) draw(); }).observe(scene);
  draw();
  figure.classList.add("drawn");

  const known = (key, value) =>
    key in defaults && (!["x", "y"].includes(key) || value in axes) && (key !== "colour" || data.colours.includes(value))
    && (key !== "point" || data.place.has(value));
  const recall = (told) => {
    lost = told.has("point") && !data.place.has(told.get("point")) ? told.get("point").slice(0, 60) : "";
    set({ ...defaults, ...Object.fromEntries([...told].filter(([key, value]) => known(key, value))) }, false);
    (state.point ? table : figure).scrollIntoView({ block: state.point ? "nearest" : "start" });
  };
  return { draw, recall };
};

// `#ekman-front?x=latency_p50_ms&point=…`: the figure, and what of it differs from its beginning.
const remember = (id, told) => {
  const query = new URLSearchParams(told).toString();
  history.replaceState(null, "", query ? `#${id}?${query}` : location.href.split("#")[0]);
};
const recallAll = () => {
  const [id, query] = location.hash.slice(1).split("?");
  if (query != null) explorers.get(id)?.recall(new URLSearchParams(query));
};
document.querySelectorAll("[data-explorer]").forEach((figure) => explorers.set(figure.id, startExplorer(figure)));
window.addEventListener("hashchange", recallAll);
window.addEventListener("beforeprint", () => explorers.forEach(({ draw }) => draw(PAPER)));
window.addEventListener("afterprint", () => explorers.forEach(({ draw }) => draw()));
recallAll();

// A row of the front's table opens its card, as the link in its first cell does.
document.querySelectorAll("tr[data-point]").forEach((row) => {
  row.addEventListener("click", (event) => {
    if (!event.target.closest("a") && !String(getSelection())) row.querySelector("a").click();
  });
});
document.querySelectorAll("[data-path]").forEach((path) => { path.textContent = located(path.dataset.path); });
document.querySelectorAll("[data-code]").forEach((code) => { code.textContent = filledIn(code.dataset.code, code.dataset); });
document.querySelectorAll("pre.copied code").forEach((code) => code.parentNode.after(copyButton(code)));
