// Tables of numbers: a click on the head of a column sorts by it, and a row that is pointed at makes the others step back.
import { keep, kept } from "./address.js";

/** Makes the heads of a page's tables buttons, and sorts as the address says. */
export function begin() {
  for (const head of document.querySelectorAll("#answer th[data-sort]")) {
    const button = Object.assign(document.createElement("button"), { type: "button" });
    button.append(...head.childNodes);
    head.append(button);
  }
  const asked = kept("sort");
  if (!asked) return;
  const name = asked.replace(/^-/, "");
  const head = [...document.querySelectorAll("#answer th[data-sort]")].find((head) => head.dataset.sort === name);
  if (head) sort(head, asked !== name);
}

/** Sorts by the column of a button; names begin with the first, numbers with the greatest, and then the other way. */
export function press(head) {
  const was = head.getAttribute("aria-sort");
  const isDown = was ? was === "ascending" : head.classList.contains("num");
  sort(head, isDown);
  keep("sort", (isDown ? "-" : "") + head.dataset.sort);
}

function sort(head, isDown) {
  const table = head.closest("table"), body = table.tBodies[0], sign = isDown ? -1 : 1;
  for (const other of table.querySelectorAll("th[aria-sort]")) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", isDown ? "descending" : "ascending");
  const rows = [...body.rows].filter((row) => !row.classList.contains("sum"));
  const read = head.classList.contains("num") ? number : text;
  const keys = new Map(rows.map((row) => [row, read(row.cells[head.cellIndex])]));
  // What has no value comes last, whichever way.
  const order = (a, b) => (a === null) - (b === null) || sign * (typeof a === "string" ? a.localeCompare(b) : a - b);
  rows.sort((a, b) => order(keys.get(a), keys.get(b)));
  body.prepend(...rows);
}

const text = (cell) => cell.textContent.trim();

function number(cell) {
  const value = Number.parseFloat(cell.dataset.v ?? cell.textContent.replaceAll(",", "").replaceAll("−", "-"));
  return Number.isNaN(value) ? null : value;
}
