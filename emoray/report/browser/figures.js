// Figures are drawn when they come near the window, and all of them before printing.

const specs = JSON.parse(document.getElementById("specs").textContent);
const figures = new Map();
const views = [];
const drawFigure = (place) => {
  const name = place.dataset.spec;
  if (!figures.has(name)) {
    const options = { actions: false, renderer: "svg", tooltip: { theme: "page" } };
    figures.set(name, vegaEmbed(place, specs[name], options).then(({ view }) => {
      views.push([place, view]);
      place.classList.add("drawn");
    }));
  }
  return figures.get(name);
};
const places = [...document.querySelectorAll("[data-spec]")];
const drawAll = () => Promise.all(places.map(drawFigure));
const near = new IntersectionObserver(
  (seen) => seen.filter((s) => s.isIntersecting).forEach((s) => { near.unobserve(s.target); drawFigure(s.target); }),
  { rootMargin: "800px 0px" },
);
places.forEach((place) => near.observe(place));
(window.requestIdleCallback || ((f) => setTimeout(f, 1500)))(drawAll);

// On paper a figure is drawn anew at the paper's width, so that its words keep their size.
const PAPER = 690;
window.addEventListener("beforeprint", () => {
  drawAll();
  views.forEach(([place, view]) => {
    const across = [3, 2].find((n) => place.parentNode.classList.contains(`of${n}`)) || 1;
    view.width(across > 1 ? PAPER / across - 14 : PAPER).run();
  });
});
window.addEventListener("afterprint", () => window.dispatchEvent(new Event("resize")));
