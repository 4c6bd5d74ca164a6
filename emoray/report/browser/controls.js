// What is chosen around the picture: axes, colours, filters; the colours' legend hides and shows.

const chooser = (name, title, options, change) =>
  of("label", {}, of("span", {}, title),
    of("select", { name, "aria-label": title, onchange: (event) => change({ [name]: event.currentTarget.value }) },
      options.map(([value, words]) => of("option", { value }, words))));

const controls = ({ data, axes, change, reset }) => {
  const choices = Object.values(axes).map((axis) => [axis.name, axis.title]);
  const colours = data.colours.map((name) => [name, data.filters[name]?.toLowerCase() ?? "embedding bits"]);
  const filters = Object.entries(data.filters).map(([name, title]) =>
    chooser(name, title, [["", "all"], ...Object.keys(data.palette[name]).map((value) => [value, value])], change));
  const legend = of("div", { class: "legend", role: "group", "aria-label": "Colours: press one to hide or show its rows" });
  const others = [...document.querySelectorAll("[data-explorer]")].map((figure) => [figure.id, figure.dataset.title]);
  const here = `${data.name}-front`;
  const visit = (event) => {
    const query = location.hash.split("?")[1] ?? "";
    location.hash = `#${event.currentTarget.value}?${query}`;
    event.currentTarget.value = here;
  };
  const labels = others.length > 1 && of("label", {}, of("span", {}, "Labels"),
    of("select", { name: "labels", "aria-label": "Labels", onchange: visit },
      others.map(([id, title]) => of("option", { value: id, selected: id === here }, title))));
  const element = of("div", { class: "controls" },
    of("div", { class: "choices" },
      labels,
      chooser("y", "Up", choices, change), chooser("x", "Across", choices, change),
      chooser("range", "Range", [["near", "around the front"], ["all", "all rows"]], change),
      colours.length > 1 && chooser("colour", "Colour", colours, change),
      of("button", { type: "button", class: "reset", onclick: reset }, "Reset")),
    filters.length > 0 && of("details", { class: "filters", open: innerWidth > 700 },
      of("summary", {}, "Filters"), of("div", { class: "choices" }, filters)),
    legend);
  const marks = of("p", { class: "marks-told" },
    data.compared && [
      of("span", { class: "mark same" }), " as good as the front row it is held against, as far as test can tell; ",
      of("span", { class: "mark below" }), " worse than it beyond chance. "],
    data.references.length > 0 && "Dashed lines are baselines that need no search. ",
    "The line is the front of dev macro-F1 against bytes, whatever the axes.");

  const chip = (state, hidden, value) => of("button", {
    type: "button", class: "chip", "aria-pressed": String(!hidden.has(value)),
    onclick: () => {
      hidden.has(value) ? hidden.delete(value) : hidden.add(value);
      change({ hidden: [...hidden].join("|") });
      [...legend.children].find((one) => one.dataset.value === value)?.focus();
    },
    "data-value": value,
  }, of("i", { style: `background:${data.palette[state.colour][value]}` }), value);
  const show = (state) => {
    element.querySelectorAll("select").forEach((select) => {
      if (select.name in state) select.value = state[select.name];
    });
    const hidden = new Set(state.hidden.split("|").filter(Boolean));
    const values = Object.keys(data.palette[state.colour]);
    const told = `${state.colour}|${state.hidden}`;
    if (legend.dataset.told === told) return;
    legend.dataset.told = told;
    legend.replaceChildren(...values.map((value) => chip(state, hidden, value)));
  };
  return { element, marks, show };
};
