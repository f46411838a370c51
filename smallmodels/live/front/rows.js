// A table on a small screen: the columns that stand there, and a button on each row that opens the others.
import { h } from "./dom.js";
import { NARROW } from "./place.js";

/** What opens a row; it has no text, so that the cell still says what it said. */
function opener(row, name) {
  const own = h("button", { type: "button", class: "live-open", "aria-expanded": "false", "aria-label": `More on ${name}` });
  row.cells[0].prepend(own);
  return own;
}

/** The rest of a row as a row of its own: headings and figures in pairs. */
function rest(row, headings) {
  const cells = [...row.cells].filter((cell) => cell.classList.contains("rest"));
  const pairs = cells.map((cell) => {
    const figure = h("dd");
    figure.append(...[...cell.childNodes].map((node) => node.cloneNode(true)));
    return h("div", {}, h("dt", {}, headings[cell.cellIndex]), figure);
  });
  return h("tr", { class: "live-more" }, h("td", { colspan: row.cells.length - cells.length }, h("dl", {}, ...pairs)));
}

/** Makes the rows of a table open on a small screen; what it returns is called whenever the table is another one.
 * A row that was open stays open, whatever figures come into it. */
export function openRows(scroll, signal) {
  const open = new Set();
  const toggle = (row, own, name, wide) => {
    own.setAttribute("aria-expanded", String(wide));
    if (wide) row.after(rest(row, [...scroll.querySelectorAll("thead th")].map((th) => th.textContent)));
    else row.nextElementSibling?.remove();
    if (wide) open.add(name);
    else open.delete(name);
  };
  const furnish = () => {
    for (const old of scroll.querySelectorAll(".live-more, .live-open")) old.remove();
    if (!NARROW.matches || !scroll.querySelector("thead .rest")) return;
    for (const row of scroll.querySelectorAll("tbody tr")) {
      const name = row.cells[0].textContent;
      const own = opener(row, name);
      own.addEventListener("click", () => toggle(row, own, name, own.getAttribute("aria-expanded") === "false"));
      if (open.has(name)) toggle(row, own, name, true);
    }
  };
  NARROW.addEventListener("change", furnish, { signal });
  furnish();
  return furnish;
}
