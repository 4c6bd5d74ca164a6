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
const sortable = (table) =>
  table.querySelectorAll("th").forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => sort(table, head, column));
  });
document.querySelectorAll("table.sortable").forEach(sortable);
