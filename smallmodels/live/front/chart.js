// The chart: drawn by vega once it comes near the screen, or sent by Python.
import { Axes, holdable } from "./axes.js";
import { button, h } from "./dom.js";
import { LASTS, glide, standing } from "./glide.js";

// Remarks on a specification are for its author, who met them when the picture was made.
const QUIET = Object.fromEntries(["level", "error", "warn", "info", "debug"].map((name) => [name, () => QUIET]));

/** The texts in a result's series, in order: what a chart's categories and their order come from. */
const categories = (series) => JSON.stringify(series, (_key, value) => (typeof value === "number" ? 0 : value));

/** A specification drawn with vega once it comes near the screen; until then the static picture stands. */
class Drawing {
  /** @type {any} vega's view, once it is drawn */
  view = null;
  /** @type {import("./types").Result | null} */
  latest = null;
  /** @type {string[]} the series that the chart draws */
  names = [];
  fed = ""; // the categories that vega has met
  at = 0; // when it was fed last
  /** @type {Axes | null} */
  axes = null;
  width = 0;
  work = Promise.resolve();
  /** @type {Promise<void> | null} */
  waiting = null;

  /**
   * @param {HTMLElement} figure
   * @param {Record<string, any>} spec
   * @param {import("./types").Host} host
   * @param {import("./types").Tip} tip
   * @param {AbortSignal} signal
   */
  constructor(figure, spec, host, tip, signal) {
    this.figure = figure;
    this.spec = spec;
    this.host = host;
    this.tip = tip;
    this.signal = signal;
    this.near = new IntersectionObserver((entries) => this.seen(entries), { rootMargin: "400px" });
    this.resized = new ResizeObserver(() => this.fit());
    signal.addEventListener("abort", () => this.leave());
  }

  /** Shows the series of a result; the first call names what the static picture shows. */
  update(result) {
    const first = this.latest === null;
    this.latest = result;
    if (first) {
      this.names = Object.keys(result.series);
      this.near.observe(this.figure);
      this.resized.observe(this.figure);
    } else if (this.view) this.redraw();
    else this.figure.dataset.stale = ""; // the picture shows the first state: not to be seen beside another
  }

  seen(entries) {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    this.near.disconnect();
    this.attempt();
  }

  attempt() {
    this.draw().catch((problem) => {
      console.error(problem);
      const said = h("p", { class: "live-message" }, `The chart could not be drawn (${problem.message}); the table holds its figures. `);
      const retry = button("Try again", () => {
        said.remove();
        this.attempt();
      });
      said.append(retry);
      this.figure.append(said);
    });
  }

  async draw() {
    const { usermeta } = this.spec; // left by the build of the book, which has compiled the chart already
    const { View, parse, compile, expressionInterpreter: expr } = await this.host.vega("compiled" in (usermeta ?? {}));
    if (this.signal.aborted) return;
    this.width = this.figure.clientWidth;
    const fitted = { width: this.width, autosize: { type: "fit-x", contains: "padding" } };
    const sized = this.fits() ? fitted : {};
    const sizedSpec = { ...this.spec, ...sized };
    const compiled = usermeta?.compiled ? sizedSpec : compile(sizedSpec, { logger: QUIET }).spec;
    const box = h("div", { class: "live-drawing" });
    this.figure.append(box);
    this.figure.toggleAttribute("data-fixed", !this.fits());
    // Expressions as trees, interpreted: vega's own way makes functions of text, which a strict page forbids.
    const { spec, held } = holdable(compiled);
    const runtime = parse(spec, undefined, { ast: true });
    this.view = new View(runtime, { expr, renderer: "svg", container: box, hover: true });
    this.axes = new Axes(this.view, held);
    this.view.tooltip((_handler, event, _item, value) => this.explain(event, value));
    await this.redraw();
    // Vega names every mark to a screen reader; here the chart is one image, named by what it shows.
    box.setAttribute("role", "img");
    box.removeAttribute("aria-roledescription");
    box.firstElementChild?.setAttribute("aria-hidden", "true");
    this.figure.replaceChildren(box);
    this.figure.removeAttribute("data-stale");
  }

  explain(event, value) {
    if (value === undefined || value === null || value === "") return this.tip.hide();
    const text = typeof value === "object" ? Object.values(value).join(" · ") : String(value);
    this.tip.show(text, new DOMRect(event.clientX, event.clientY, 0, 0), null);
  }

  /** Feeds vega the latest series once what it is at is done; of several moves only the last is drawn. */
  redraw() {
    const feed = () => this.feed();
    return (this.waiting ??= this.work = this.work.then(feed, feed));
  }

  async feed() {
    this.waiting = null; // what comes from now on is fed after this
    if (this.signal.aborted || !this.latest) return;
    const { series = {}, finding } = this.latest;
    const box = this.view.container();
    // Of moves that follow each other fast each is shown at once: that is gliding already.
    const before = performance.now() - this.at > LASTS && !this.axes?.on ? standing(box) : [];
    // Vega keeps a category where it first stood, so where they change it must forget the old ones first.
    if (this.fed !== (this.fed = categories(series))) {
      for (const name of this.names) this.view.data(name, []);
      await this.view.runAsync();
    }
    for (const name of this.names) this.view.data(name, structuredClone(series[name] ?? []));
    this.view.resize(); // room beside the axes for what is written there now
    await this.view.runAsync();
    if (this.axes?.grow()) await this.view.runAsync();
    glide(before, box);
    this.at = performance.now();
    box.setAttribute("aria-label", finding);
  }

  /** A slider is being dragged, or is let go: its axes stand still meanwhile. */
  hold(dragged) {
    if (!this.axes || this.axes.on === dragged) return;
    if (dragged) return this.axes.hold();
    this.axes.release();
    this.redraw();
  }

  /** Whether the chart takes the width of its place. */
  fits() {
    return this.spec.width === "container" || this.spec.usermeta?.compiled === "container";
  }

  fit() {
    if (!this.view || !this.fits() || Math.abs(this.figure.clientWidth - this.width) < 1) return;
    this.width = this.figure.clientWidth;
    this.view.width(this.width).runAsync();
  }

  leave() {
    this.near.disconnect();
    this.resized.disconnect();
    this.view?.finalize();
  }
}

/** The chart of a view that is drawn in the page. */
export const drawnChart = (figure, spec, host, tip, signal) => new Drawing(figure, spec, host, tip, signal);

/** A chart Python draws anew for every state, or a sentence where it cannot. */
export function sentChart(figure) {
  return {
    hold: () => {},
    update: ({ svg, finding }) => {
      if (svg) figure.innerHTML = svg;
      else if (!figure.firstElementChild) {
        const why = "The chart is missing: it needs the package’s vega.js or the Python package vl-convert-python.";
        figure.append(h("p", { class: "live-message" }, why));
      }
      figure.querySelector("svg")?.setAttribute("aria-label", finding);
    },
  };
}
