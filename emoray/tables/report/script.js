"use strict";
(() => {
  const specs = JSON.parse(document.getElementById("specs").textContent);

  // Figures are drawn when they come near the window, and all of them before printing.
  const drawn = new Map();
  const views = [];
  const draw = (place) => {
    const name = place.dataset.spec;
    if (!drawn.has(name)) {
      const options = { actions: false, renderer: "svg", tooltip: { theme: "page" } };
      drawn.set(name, vegaEmbed(place, specs[name], options).then(({ view }) => {
        views.push([place, view]);
        place.classList.add("drawn");
      }));
    }
    return drawn.get(name);
  };
  const places = [...document.querySelectorAll("[data-spec]")];
  const drawAll = () => Promise.all(places.map(draw));
  if ("IntersectionObserver" in window) {
    const near = new IntersectionObserver(
      (seen) => seen.filter((s) => s.isIntersecting).forEach((s) => { near.unobserve(s.target); draw(s.target); }),
      { rootMargin: "800px 0px" },
    );
    places.forEach((place) => near.observe(place));
  } else {
    drawAll();
  }
  // On paper a figure is drawn anew at the paper's width, so that its words keep their size.
  const PAPER = 690;
  window.addEventListener("beforeprint", () => {
    drawAll();
    views.forEach(([place, view]) => {
      view.width(place.parentNode.classList.contains("of2") ? PAPER / 2 - 14 : PAPER).run();
    });
  });
  window.addEventListener("afterprint", () => window.dispatchEvent(new Event("resize")));
  (window.requestIdleCallback || ((f) => setTimeout(f, 1500)))(drawAll);

  // Heads of a table sort it; a second press turns the order round. Empty cells stay last.
  const keyOf = (row, column, number) => {
    const key = row.cells[column].dataset.key;
    return number && key !== "" ? Number(key) : key;
  };
  const sort = (table, head, column) => {
    const up = head.getAttribute("aria-sort") !== "ascending";
    const number = head.classList.contains("number");
    table.querySelectorAll("th").forEach((th) => th.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const body = table.tBodies[0];
    const rows = [...body.rows].sort((a, b) => {
      const [one, two] = [keyOf(a, column, number), keyOf(b, column, number)];
      if (one === "" || two === "") return (one === "") - (two === "");
      const order = number ? one - two : String(one).localeCompare(String(two));
      return up ? order : -order;
    });
    body.append(...rows);
  };
  document.querySelectorAll("table.sortable").forEach((table) => {
    table.querySelectorAll("th").forEach((head, column) => {
      head.querySelector("button").addEventListener("click", () => sort(table, head, column));
    });
  });
})();
