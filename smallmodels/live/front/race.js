// Two writers at once: each is given the same time, so the faster gets further.
import { button, h } from "./dom.js";
import { Written } from "./written.js";
import { settingOf } from "./setting.js";

const LANE_SLICE = 0.04; // seconds for one writer before it is the other's turn
const RACE = 1.5; // seconds for each
const SIDES = ["left", "right"];

class Lane {
  /** @type {any} */
  setting = {};
  written = 0;
  seconds = 0;
  rate = 200; // characters a second

  constructor(side) {
    this.side = side;
    this.text = new Written();
    this.name = h("p", { class: "play-lane-name" });
    this.node = h("div", { class: "play-lane" }, this.name, this.text.node);
  }

  begin(setting, text) {
    Object.assign(this, { setting, written: 0, seconds: 0, rate: 200 });
    this.text.begin(text);
  }

  took(answer) {
    this.written += answer.written.length;
    this.seconds += answer.seconds;
    this.rate = this.written / Math.max(this.seconds, 1e-6);
    this.text.add(answer.written);
    this.text.edge(this.setting.window);
    this.name.textContent = `${this.side}: ${this.written.toLocaleString("en")} characters, ${this.rate.toFixed(0)} a second`;
  }
}

/** The race of one view: lanes, a button, and what came of it beside what was predicted. */
class Race {
  turn = 0;

  constructor(view, ask, lead) {
    this.view = view;
    this.ask = ask;
    this.lead = lead;
    this.lanes = SIDES.map((side) => new Lane(side));
    this.said = h("p", { class: "play-said", role: "status" });
    view.followers.push(() => this.stop("Moved: race again."));
  }

  furnish(section) {
    const again = button("Race again", () => this.run());
    const bar = h("div", { class: "play-bar" }, h("div", { class: "play-buttons" }, again));
    section.replaceChildren(bar, h("div", { class: "play-lanes" }, ...this.lanes.map(({ node }) => node)), this.said);
  }

  stop(why) {
    if (this.running) this.said.textContent = why;
    this.running = false;
    this.turn++;
  }

  async run() {
    const turn = ++this.turn;
    this.running = true;
    try {
      await this.ready();
      while (turn === this.turn && this.lanes.some(({ seconds }) => seconds < RACE)) {
        for (const lane of this.lanes) await this.advance(lane, turn);
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
      if (turn === this.turn) this.tell();
    } catch (problem) {
      this.said.textContent = `The race stopped (${problem.message}); the predictions stand.`;
    }
    if (turn === this.turn) this.running = false;
  }

  async ready() {
    for (const lane of this.lanes) {
      const { context, ...setting } = settingOf(this.view, this.view.state, `${lane.side}_`);
      const text = this.lead.slice(0, context);
      lane.begin({ ...setting, context }, text);
      await this.ask("begin", { id: `${this.view.root.id}-${lane.side}`, ...setting, text, seed: 1 });
    }
  }

  async advance(lane, turn) {
    const count = Math.max(1, Math.min(64, Math.round(lane.rate * LANE_SLICE)));
    const answer = await this.ask("write", { id: `${this.view.root.id}-${lane.side}`, count, temperature: 1 });
    if (turn === this.turn) lane.took(answer);
  }

  /** The measured ratio beside the two predicted ones. */
  tell() {
    const [left, right] = this.lanes;
    const times = left.rate / right.rate;
    const rows = this.view.result.series.lanes.filter(({ lane }) => lane.startsWith("right"));
    const told = rows.map(({ cause, times: predicted }) => [Math.abs(Math.log(times / predicted)), cause, predicted]).sort(([a], [b]) => a - b);
    const [[, cause, nearest], [, other, further]] = told;
    const same = Math.abs(nearest - further) < 0.02;
    this.said.textContent =
      `Measured: the right writer took ${times.toFixed(2)} times as long a character. ` +
      (same ? `Both predictions say ${nearest.toFixed(2)}.` : `Nearest is what ${cause} foretells, ${nearest.toFixed(2)}; ${other} would have it at ${further.toFixed(2)}.`);
  }
}

export async function race(view, section, ask) {
  const { lead } = await ask("open", {});
  const own = new Race(view, ask, lead);
  await own.ready(); // rejects where there is no model; what was foretold stands then
  own.furnish(section);
  own.run();
}
