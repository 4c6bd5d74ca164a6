// The card of one row: what it is, what it earns, how to load it, what its compression cost.

const copyButton = (code) =>
  of("button", { type: "button", class: "copy", onclick: (event) => copy(code, event.currentTarget) }, "Copy");
const copy = async (code, button) => {
  try {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(code); // where a page may not write the clipboard
    button.textContent = document.execCommand("copy") ? "Copied" : "Selected";
  }
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
};
const codeBlock = (text, label) => {
  const code = of("code", {}, text);
  return of("div", { class: "code" }, of("pre", { tabindex: 0, "aria-label": label }, code), copyButton(code));
};
const fact = (term, ...told) => of("div", {}, of("dt", {}, term), of("dd", {}, ...told));

// An interval of a change on a line of its own: zero in the middle, the margin shaded.
const forest = ({ change, low, high, margin }) => {
  const reach = Math.max(Math.abs(low), Math.abs(high), 2 * (margin ?? 0), 0.005) * 1.1;
  const at = (v) => (120 * (1 + v / reach)).toFixed(1);
  return drawn("svg", { class: "forest", viewBox: "0 0 240 22", "aria-hidden": "true" },
    margin && drawn("rect", { class: "margin", x: at(-margin), y: 2, width: at(margin) - at(-margin), height: 18 }),
    drawn("line", { class: "zero", x1: 120, x2: 120, y1: 0, y2: 22 }),
    drawn("line", { class: "whisker", x1: at(low), x2: at(high), y1: 11, y2: 11 }),
    drawn("circle", { class: "value", cx: at(change), cy: 11, r: 4 }));
};

const BOTH = {
  frozen: "thresholds frozen from the parent",
  retuned: "thresholds fitted again on dev",
};
const VERDICTS = {
  better: "Better than its float parent",
  worse: "Worse than its float parent",
  equivalent: "Equivalent to its float parent",
  undecided: "Undecided",
};
const GIVEN = "one fixed number"; // rows that decide by a threshold that nobody fitted
const comparison = (how, told, link, row) => {
  const margin = `±${significant(100 * told.margin, 3)} points`;
  const [change, low, high] = [told.macro_f1_change, told.macro_f1_low, told.macro_f1_high];
  const interval = `${points(change)} points, 95 % interval ${points(low)} to ${points(high)}`;
  const [before, after] = [told.macro_f1_before, told.macro_f1_after].map((v) => digits(v, 3));
  const p = told.mcnemar_p < 0.001 ? "< 0.001" : significant(told.mcnemar_p, 2);
  const ends = {
    equivalent: told.decisions_changed ? ` Within ${margin}: the 90 % interval lies inside.` : " Not one decision differs.",
    undecided: ` Neither a difference nor equivalence within ${margin} is shown: more texts would tell.`,
  };
  return of("div", { class: `compared ${told.verdict}` },
    of("h6", {}, VERDICTS[told.verdict] ?? told.verdict, of("small", {}, row.rule_kind === GIVEN && how === "frozen" ? "at the same threshold" : BOTH[how])),
    forest({ change, low, high, margin: told.margin }),
    of("p", {}, `Macro-F1 ${before} → ${after}: ${interval}.${ends[told.verdict] ?? ""}`),
    of("p", { class: "fine" },
      `${counted(told.texts_lost, "text")} lost, ${told.texts_won.toLocaleString("en")} won (McNemar p ${p}); `,
      `${told.decisions_changed.toLocaleString("en")} of ${counted(told.decisions, "decision")} changed. Parent: `,
      link(told.before), "."));
};

const besideFront = (row, link) => {
  if (!row.nearest_front) return of("p", {}, "No other row of the front to hold it against.");
  if (row.distinguishable == null || row.nearest_front_change == null)
    return of("p", {}, "Its nearest front row is ", link(row.nearest_front), "; whether the two differ was not tested.");
  const [change, low, high] = [row.nearest_front_change, row.nearest_front_low, row.nearest_front_high];
  if (low === 0 && high === 0)
    return of("p", {}, "It scores exactly as ", link(row.nearest_front), " in every resample of test.");
  const verdict = !row.distinguishable
    ? "The two are not distinguishable on test"
    : `It is ${change > 0 ? "better" : "worse"} than that row, beyond chance`;
  return [forest({ change, low, high }),
    of("p", {}, `${verdict}: ${points(change)} points of macro-F1, `,
      `95 % interval ${points(low)} to ${points(high)}, against `, link(row.nearest_front), ".")];
};

const LABEL_HEADS = ["Label", "Texts", "Precision", "Recall", "F1", "Threshold"];
const share = (value) => (value == null ? "–" : digits(value, 3));
const labelTable = (labels, row) => {
  const text = labels.scores[row];
  if (!text) return null;
  const many = labels.names.length;
  const scores = sharesOf(text);
  const [precision, recall, f1, threshold] = [0, 1, 2, 3].map((k) => scores.slice(k * many, (k + 1) * many));
  const changes = Object.keys(BOTH).filter((how) => labels[how]?.[row]).map((how) => {
    const all = sharesOf(labels[how][row]);
    return { how, of: (k) => ({ change: all[k], low: all[many + k], high: all[2 * many + k] }) };
  });
  const cell = (value, key, attributes = {}) => of("td", { class: "number", "data-key": key ?? "", ...attributes }, value);
  const tenths = (value) => signed(100 * value, 1);
  const changed = ({ change, low, high }) =>
    change == null ? cell("–", null)
      : cell(tenths(change), change, { class: low > 0 || high < 0 ? "number sure" : "number", title: `95 % interval ${tenths(low)} to ${tenths(high)} points` });
  const heads = [...LABEL_HEADS, ...changes.map(({ how }) => `ΔF1 ${changes.length === 1 ? "" : how === "retuned" ? "re-tuned" : how}`.trim())];
  const table = of("table", { class: "labels sortable" },
    of("thead", {}, of("tr", {}, heads.map((title, k) =>
      of("th", { scope: "col", class: k ? "number" : null }, of("button", { type: "button" }, title))))),
    of("tbody", {}, labels.names.map((name, k) => of("tr", {},
      of("td", { "data-key": name }, name), cell(labels.support[k].toLocaleString("en"), labels.support[k]),
      cell(share(precision[k]), precision[k]), cell(share(recall[k]), recall[k]),
      cell([of("span", { class: "bar", style: `width:${(44 * (f1[k] ?? 0)).toFixed(1)}px` }), share(f1[k])], f1[k]),
      cell(share(threshold[k]), threshold[k]), changes.map((one) => changed(one.of(k)))))));
  sortable(table);
  return of("div", { class: "scroll", role: "region", tabindex: 0, "aria-label": "Label by label" }, table);
};
const noLabels = (row) =>
  row.rule_kind === GIVEN
    ? "Kept for the front, for thresholds fitted on dev and for one half."
    : "Not on this page, to keep it small: read labels.parquet.";

const cardOf = ({ row, number, data, link, close }) => {
  const told = Object.keys(BOTH).map((how) => [how, data.comparisons[how]?.(number)]).filter(([, found]) => found);
  const axis = (name) => ({ name, form: { size_bytes: "bytes", latency_p50_ms: "ms" }[name] ?? "score" });
  const value = (name) => (row[name] == null ? "–" : written(axis(name), row[name]));
  const title = of("h4", { tabindex: -1 }, row.built);
  const names = Object.entries(data.picks).filter(([, pick]) => pick === number).map(([name]) => `Pick: ${name}`);
  const badges = [...names, row.standing].map((text) => of("span", { class: "badge" }, text));
  const labels = labelTable(data.labels, number);
  return of("article", { class: "point-card", "data-point": row.point },
    of("header", {}, title, of("button", { type: "button", class: "close", "aria-label": "Close the card", onclick: close }, "×")),
    of("p", { class: "badges" }, badges),
    of("div", { class: "halves" },
      of("div", {},
        of("dl", { class: "facts tight" },
          fact("macro-F1, test", of("b", {}, value("test_macro_f1")), ` [${value("test_macro_f1_low")}, ${value("test_macro_f1_high")}]`),
          fact("macro-F1, dev", value("dev_macro_f1")),
          row.seeds > 1 && fact(`over ${row.seeds} seeds`,
            `test ${digits(row.test_macro_f1_mean, 3)} ± ${digits(row.test_macro_f1_std, 3)}, dev ${digits(row.dev_macro_f1_mean, 3)} ± ${digits(row.dev_macro_f1_std, 3)} (mean ± standard deviation)`),
          "test_micro_f1" in row && fact("micro-F1, test", value("test_micro_f1")),
          "test_precision" in row && fact("precision, recall", `${value("test_precision")}, ${value("test_recall")}`),
          "test_ece" in row && fact("ECE, test", value("test_ece")),
          fact("size", value("size_bytes")),
          fact("median latency", "latency_p50_ms" in row ? written(axis("latency_p50_ms"), row.latency_p50_ms) : "not measured"),
          "run" in data.filters && fact("run", row.run),
          fact("recipe", row.recipe),
          fact("scheme", of("code", {}, row.scheme), `, runs as ${row.execution}`),
          fact("decides by", `${row.rule}; temperature ${row.temperature == null ? "as all rows" : significant(row.temperature, 4)} (${row.temperature_rule})`),
          fact("point", of("code", {}, row.point)),
          fact(row.shipped ? "artifact" : "base files", of("code", {}, located(row.folder)))),
        of("h5", {}, "Load it"),
        codeBlock(data.code(row), "How to load this row")),
      of("div", {},
        of("h5", {}, "Beside the front"), besideFront(row, link),
        of("h5", {}, "Beside its float parent"),
        told.length ? told.map(([how, found]) => comparison(how, found, link, row))
          : of("p", {}, row.quantized.startsWith("not")
            ? "This is a float model: the parent of its compressed rows."
            : "No comparison is kept for this row."))),
    of("h5", {}, "Label by label"),
    labels ?? of("p", {}, noLabels(row)),
    labels && told.length > 0 && of("p", { class: "fine" }, "ΔF1 is in points, against the float parent; bold where its "
      + "95 % interval leaves out 0, not corrected for looking at many labels."));
};
