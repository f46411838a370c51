// What the small model writes, and what it was thinking: characters by their surprise, the window's edge, the
// next character by model and language, and what each head looks at.
import { h } from "./dom.js";
import { ALPHABET } from "./language.js";

const STEPS = [0.25, 0.75, 1.5, 2.5, 4]; // nats at which a character takes the next colour
const SHOWN_BEFORE = 60; // characters that are shown of what was read before
const LIKELY = 6; // characters of the table of the next
const COLUMNS = 64; // characters that a head is seen to look at

const visibly = (character) => (character === " " ? "␣" : character);
const percent = (share) => (share === null ? "—" : `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)}%`);

/** The text, one span for each character. */
export class Written {
  /** @type {HTMLElement[]} */
  spans = [];
  before = 0; // characters read before the first span
  gone = 0; // spans that have rolled out of the window

  constructor() {
    this.node = h("div", { class: "play-text", tabindex: "0", role: "group", "aria-label": "The text, with the newest at its end" });
  }

  /** Begins anew after a text that was only read. */
  begin(text) {
    const shown = text.slice(-SHOWN_BEFORE);
    this.before = text.length - shown.length;
    this.spans = Array.from(shown, (character) => h("span", { class: "play-read" }, character));
    this.gone = 0;
    this.node.replaceChildren(this.before ? h("span", { class: "play-gone" }, "… ") : "", ...this.spans);
  }

  /** Takes what was written: `[character, model's surprise, language's surprise]` each. */
  add(written) {
    const spans = written.map(([character, nats, exact]) => {
      const level = STEPS.filter((step) => nats >= step).length;
      const title = `${visibly(character)}: ${nats.toFixed(2)} nats to the model, ${exact === null ? "impossible" : exact.toFixed(2)} to the language`;
      return h("span", { class: `play-s${level}${exact === null ? " play-impossible" : ""}`, title }, character);
    });
    this.spans.push(...spans);
    this.node.append(...spans);
    this.node.scrollTop = this.node.scrollHeight;
  }

  /** Draws the window's edge: what lies before it is no longer seen by the newest character. */
  edge(window) {
    const seen = window === null ? Infinity : window;
    const gone = Math.max(0, this.spans.length - seen);
    for (let i = Math.min(gone, this.gone); i < Math.max(gone, this.gone); i++) this.spans[i].classList.toggle("play-gone", i < gone);
    this.spans[this.gone]?.classList.remove("play-edge");
    if (window !== null) this.spans[gone]?.classList.add("play-edge");
    this.gone = gone;
  }
}

/** What the colours say, in words. */
export const colourKey = () =>
  h("p", { class: "play-key" }, "Surprise in nats: ", ...[0, ...STEPS].map((step, i) => h("span", { class: `play-s${i}` }, i ? ` ${step}+ ` : " 0 ")), h("span", { class: "play-impossible" }, " no word "), " · ", h("span", { class: "play-gone" }, "rolled out"), " of the window");

/** The next character by the model and by the language, side by side. */
export class Next {
  constructor() {
    this.body = h("tbody");
    const head = h("tr", {}, ...["next", "model", "language"].map((name) => h("th", { scope: "col" }, name)));
    this.node = h("table", { class: "play-next" }, h("caption", {}, "The next character"), h("thead", {}, head), this.body);
  }

  show(model, language) {
    const order = model.map((share, i) => [Math.max(share, language?.[i] ?? 0), i]).sort(([a], [b]) => b - a);
    this.body.replaceChildren(...order.slice(0, LIKELY).map(([, i]) => this.row(i, model[i], language ? language[i] : null)));
  }

  row(i, model, language) {
    return h("tr", {}, h("th", { scope: "row" }, visibly(ALPHABET[i])), this.bar(model, "model"), this.bar(language, "language"));
  }

  bar(share, whose) {
    const fill = h("i", { class: `play-fill play-fill-${whose}`, "aria-hidden": "true" });
    fill.style.width = `${100 * (share ?? 0)}%`;
    return h("td", {}, fill, h("span", {}, percent(share)));
  }
}

/** What each head of one layer looks at: a row a head, a column a character, the newest at the right. */
export class Heads {
  layer = 0;
  /** @type {HTMLElement[]} */
  letters = [];
  /** @type {[number[][][], string, number] | undefined} */
  latest;
  size = "";
  /** @type {HTMLElement[][]} */
  cells = [];

  constructor(id) {
    this.grid = h("div", { class: "play-grid", "aria-hidden": "true" });
    this.said = h("p", { class: "play-heads-said" });
    this.select = h("select", { id: `${id}-layer` });
    const label = h("label", { for: `${id}-layer` }, "What it looks at, in layer ");
    this.node = h("div", { class: "play-heads" }, h("p", {}, label, this.select), this.grid, this.said);
    this.select.addEventListener("change", () => {
      this.layer = this.select.selectedIndex;
      if (this.latest) this.show(...this.latest);
    });
  }

  /**
   * @param {number[][][]} attention shares by layer and head, the oldest character first
   * @param {string} text that ends with the newest
   */
  show(attention, text, kvHeads) {
    this.latest = [attention, text, kvHeads];
    if (this.select.options.length !== attention.length) {
      this.select.replaceChildren(...attention.map((_, i) => h("option", {}, `${i + 1}`)));
      this.select.selectedIndex = this.layer = Math.min(this.layer, attention.length - 1);
    }
    const heads = attention[this.layer];
    const columns = Math.min(COLUMNS, heads[0].length);
    this.lay(heads.length, columns, heads.length / kvHeads);
    heads.forEach((row, head) => {
      const from = row.length - columns;
      this.cells[head].forEach((cell, i) => (cell.style.opacity = String(Math.sqrt(row[from + i]))));
    });
    this.letters.forEach((letter, i) => (letter.textContent = visibly(text[text.length - columns + i])));
    this.said.textContent = sentence(heads, text);
  }

  /** Cells for so many heads and characters; a line parts heads that share no keys. */
  lay(heads, columns, group) {
    const size = `${heads} ${columns} ${group}`;
    if (this.size === size) return;
    this.size = size;
    const row = (head) => Array.from({ length: columns }, () => h("i", { class: head && head % group === 0 ? "play-cell play-apart" : "play-cell" }));
    this.cells = Array.from({ length: heads }, (_, head) => row(head));
    this.letters = Array.from({ length: columns }, () => h("b"));
    this.grid.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
    this.grid.replaceChildren(...this.cells.flat(), ...this.letters);
  }
}

/** The heads of a layer in words: where each looks most. */
function sentence(heads, text) {
  const places = heads.map((row, head) => {
    const most = row.reduce((best, share, i) => (share > row[best] ? i : best), 0);
    const back = row.length - 1 - most;
    const where = back ? `${back} back` : "the newest";
    return `head ${head + 1} at “${visibly(text[text.length - 1 - back])}”, ${where} (${percent(row[most])})`;
  });
  return `Most looked at: ${places.join("; ")}.`;
}
