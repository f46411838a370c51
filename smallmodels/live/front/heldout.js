// The loss on text that no model has seen, measured in this browser, with what a difference is worth.
import { h } from "./dom.js";

const nats = (number, digits = 3) => number.toFixed(digits).replace("-", "−");
const signed = (number) => `${number > 0 ? "+" : ""}${nats(number)}`;

/** The mean of numbers, and the standard error of that mean. */
export function meanOf(numbers) {
  const mean = numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
  const squares = numbers.reduce((sum, one) => sum + (one - mean) ** 2, 0);
  return { mean, error: Math.sqrt(squares / (numbers.length - 1) / numbers.length) };
}

/** A table of what is measured here and now, filled as it comes. */
export class HeldOut {
  turn = 0;
  busy = false;
  /** @type {Map<number, number[]>} surprises of the setting that a reader begins with, by text */
  usual = new Map();

  /**
   * @param {(question: string, given: object) => Promise<any>} ask
   * @param {object} first the setting that others are compared with
   */
  constructor(ask, first) {
    this.ask = ask;
    this.first = first;
    const names = ["loss, held-out text", "exact, on the same text", "above exact", "against as trained", "that is", "characters a second"];
    this.values = names.map(() => h("td", {}, "—"));
    const rows = names.map((name, i) => h("tr", {}, h("th", { scope: "row" }, name), this.values[i]));
    this.caption = h("caption", {}, "Measured here and now");
    this.node = h("table", { class: "play-measured" }, this.caption, h("tbody", {}, ...rows));
  }

  /** Measures a setting text by text; a later call takes its place. Resolves to a sentence, or to nothing. */
  async measure(setting) {
    const turn = ++this.turn;
    /** @type {{model: number[], exact: number[], change: number[]}} nats of every character: the model's, the language's, and against as trained */
    const seen = { model: [], exact: [], change: [] };
    this.node.setAttribute("aria-busy", "true");
    this.busy = true;
    const first = JSON.stringify(setting) === JSON.stringify(this.first);
    for (let at = 0, last = false; !last; at++) {
      const answer = await this.ask("measure", { ...setting, at });
      if (turn !== this.turn) return "";
      const usual = this.usual.get(at) ?? (first ? answer : await this.ask("measure", { ...this.first, at })).surprises;
      this.usual.set(at, usual);
      if (turn !== this.turn) return "";
      seen.model.push(...answer.surprises);
      seen.exact.push(...answer.exact);
      seen.change.push(...answer.surprises.map((one, i) => one - usual[i]));
      last = answer.last;
      this.show(seen);
    }
    this.node.removeAttribute("aria-busy");
    this.busy = false;
    const { mean, error } = meanOf(seen.change);
    const worth = error ? `, ${nats(Math.abs(mean) / error, 1)} standard errors from as trained` : "";
    return `Measured here: ${nats(meanOf(seen.model).mean)} nats a character${worth}.`;
  }

  show({ model, exact, change }) {
    const above = meanOf(model.map((one, i) => one - exact[i]));
    const { mean, error } = meanOf(change);
    const texts = [
      `${nats(meanOf(model).mean)} nats`,
      `${nats(meanOf(exact).mean)} nats`,
      `${signed(above.mean)} ± ${nats(above.error)} nats`,
      error ? `${signed(mean)} ± ${nats(error)} nats` : "the same",
      error ? `${nats(Math.abs(mean) / error, 1)} standard errors` : "—",
    ];
    texts.forEach((text, i) => (this.values[i].textContent = text));
    this.caption.textContent = `Measured here and now, over ${model.length.toLocaleString("en")} characters`;
  }

  rate(perSecond) {
    this.values[5].textContent = perSecond.toFixed(0);
  }
}
