// The play: a small model writes in the page, beside what its language would have written. Loaded when a reader
// asks for it; `asking.js` says who answers.
import { button, h } from "./dom.js";
import { Heads, Next, Written, colourKey } from "./written.js";
import { HeldOut } from "./heldout.js";
import { race } from "./race.js";
import { settingOf } from "./setting.js";

const MOST = 1500; // characters written before it rests
const SLICE = 0.06; // seconds of writing between two looks at the page
const SHARED = 0.015; // the same while a loss is measured, which is waited for
const SETTLED = 200; // milliseconds without a move before a setting is taken on
const SLOW = 20; // characters a second below which the recorded figures are the better answer

let made = 0; // makes the ids of inputs unique

function field(label, input) {
  const id = `play-${++made}`;
  input.id = id;
  return h("div", { class: "play-field" }, h("label", { for: id }, label), input);
}

/** A writer with its controls, the heads, the next character, and what is measured. */
class Play {
  running = false;
  turn = 0; // of texts begun: an answer for an earlier one is not shown
  rate = 200; // characters a second, as measured last
  text = "";
  written = 0;
  lead = "";

  constructor(view, section, ask) {
    this.view = view;
    this.ask = ask;
    this.setting = settingOf(view);
    this.page = { text: new Written(), next: new Next(), heads: new Heads(`play-${++made}`) };
    const { context: _, ...first } = settingOf(view, view.first);
    this.heldOut = new HeldOut(ask, first);
    this.said = h("p", { class: "play-said", role: "status" });
    this.told = h("p", { class: "play-told", role: "status" }); // of the loss, which is measured while it writes
    this.furnish(section);
    view.followers.push(() => this.moved());
  }

  furnish(section) {
    this.go = button("Write", () => (this.running ? this.pause() : this.run()));
    const step = button("Step", () => this.step());
    const anew = button("Start over", () => this.anew());
    this.heat = h("input", { type: "range", min: "0", max: "2", step: "0.1", value: "1" });
    this.seed = h("input", { type: "number", min: "0", max: "999999", step: "1", value: "1" });
    this.own = h("input", { type: "text", maxlength: "120", autocomplete: "off", spellcheck: "false", autocapitalize: "none" });
    this.warmth = h("output", {}, "1.0");
    const heat = field("Temperature ", this.heat);
    heat.firstElementChild?.append(this.warmth);
    this.heat.addEventListener("input", () => (this.warmth.textContent = Number(this.heat.value).toFixed(1)));
    for (const input of [this.seed, this.own]) input.addEventListener("change", () => this.anew());
    const bar = h("div", { class: "play-bar" }, h("div", { class: "play-buttons" }, this.go, step, anew), heat, field("Seed", this.seed), field("Begin with your own words", this.own));
    const { text, next, heads } = this.page;
    const sides = h("div", { class: "play-sides" }, next.node, h("div", {}, this.heldOut.node, this.told));
    section.replaceChildren(bar, text.node, this.said, colourKey(), heads.node, sides);
  }

  /** Fetches all that is needed and reads the first text; rejects where that cannot be. */
  async open() {
    this.lead = (await this.ask("open", {})).lead;
    await this.anew();
  }

  start() {
    this.run();
    this.guarded(() => this.measure());
  }

  /** What the reader typed, in this alphabet; what is not in it becomes a space. */
  words() {
    return this.own.value.toLowerCase().replace(/[^a-z]+/g, " ").trimStart();
  }

  /** What has been read when writing begins: whole words of the language, then the reader's own. */
  opening() {
    const text = this.lead.slice(0, this.setting.context);
    return text.slice(0, text.lastIndexOf(" ") + 1) + this.words();
  }

  async anew() {
    this.text = this.opening();
    this.written = 0;
    this.page.text.begin(this.text);
    await this.begin(Number(this.seed.value) || 0);
  }

  /** Reads the text; without a seed the chances go on where they were. */
  async begin(/** @type {number | null} */ seed = null) {
    const turn = ++this.turn;
    const { context: _, ...setting } = this.setting;
    const seen = await this.ask("begin", { id: this.view.root.id, ...setting, text: this.text || " ", seed });
    if (turn === this.turn) this.show(seen);
  }

  /** A control of the widget has moved: the same text is read again in the new setting. */
  moved() {
    clearTimeout(this.calm);
    this.calm = setTimeout(() => this.take(), SETTLED);
  }

  async take() {
    const before = this.setting;
    this.setting = settingOf(this.view);
    if (JSON.stringify(before) === JSON.stringify(this.setting)) return;
    await this.guarded(async () => {
      await (before.context === this.setting.context ? this.begin() : this.anew());
      await this.measure();
    });
  }

  async measure() {
    if (this.rate < SLOW) {
      this.told.textContent = `This machine writes ${this.rate.toFixed(0)} characters a second, too few to measure a loss: the recorded figures stand.`;
      return;
    }
    const { context: _, ...setting } = this.setting;
    const sentence = await this.heldOut.measure(setting);
    if (sentence) this.told.textContent = sentence;
  }

  run() {
    this.running = true;
    this.go.textContent = "Pause";
    this.work = this.guarded(() => this.writing());
  }

  /** What is being written is written; then it rests. */
  pause() {
    this.running = false;
    this.go.textContent = "Write";
  }

  async writing() {
    while (this.running && this.written < MOST) {
      if (!document.hidden) await this.write(Math.max(1, Math.min(64, MOST - this.written, Math.round(this.rate * (this.heldOut.busy ? SHARED : SLICE)))));
      await new Promise((resolve) => setTimeout(resolve, document.hidden ? 500 : 0));
    }
    this.say(`Paused after ${this.written.toLocaleString("en")} characters${this.written < MOST ? "" : "; start over for more"}.`);
    this.pause();
  }

  step() {
    this.pause();
    this.guarded(async () => {
      await this.work;
      const [[character, nats, exact]] = await this.write(1);
      this.say(`“${character}”: ${nats.toFixed(2)} nats to the model, ${exact === null ? "no word of the language" : `${exact.toFixed(2)} to the language`}.`);
    });
  }

  async write(count) {
    const turn = this.turn;
    const answer = await this.ask("write", { id: this.view.root.id, count, temperature: Number(this.heat.value) });
    if (turn !== this.turn) return answer.written; // of a text that is no longer shown
    this.rate = count / Math.max(answer.seconds, 1e-6);
    this.heldOut.rate(this.rate);
    this.text += answer.written.map(([character]) => character).join("");
    this.written += count;
    this.page.text.add(answer.written);
    this.show(answer);
    return answer.written;
  }

  show({ model, language, attention }) {
    const { text, next, heads } = this.page;
    text.edge(this.setting.window);
    next.show(model, language);
    heads.show(attention, this.text || " ", this.setting.n_kv_heads);
  }

  /** Polite: said once what is at work has come to rest. */
  say(sentence) {
    if (sentence) this.said.textContent = sentence;
  }

  async guarded(act) {
    try {
      await act();
    } catch (problem) {
      this.running = false;
      this.go.textContent = "Write";
      this.say(`The small model stopped (${problem.message}); the recorded figures stand.`);
    }
  }
}

/** Brings the play of one view to life; rejects where nobody answers. */
export async function play(view, section, ask) {
  if (section.dataset.play === "race") return race(view, section, ask);
  const own = new Play(view, section.cloneNode(false), ask);
  const made = own.said.parentElement;
  await own.open(); // what was recorded stands until then
  if (made) section.replaceWith(made);
  own.start();
}
