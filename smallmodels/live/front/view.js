// One Live: its controls, its table, its finding, its chart. Whoever computes is its host.
import { drawnChart, sentChart } from "./chart.js";
import { control } from "./controls.js";
import { button, copied, download, h } from "./dom.js";
import { explanations, walkable } from "./explain.js";
import { foldWhereNarrow, keepInView } from "./place.js";
import { openRows } from "./rows.js";
import { turn } from "./glide.js";
import { Refusal, brief, enumerated, plain, shortened } from "./values.js";

const CALM = 500; // milliseconds without a move before a finding is announced

let drawn = 0; // makes the ids of inputs unique, however often one Live is shown

/** Brings the HTML of one `Live` to life; `host` computes. */
export class View {
  turn = 0; // counts the moves, so that an answer to an earlier one is not shown
  lasting = ""; // what the message says when nothing else is to be said
  /** @type {import("./types").Control | null} */
  moved = null;
  /** @type {import("./types").State} */
  state = {};
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  calm;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  typing;
  /** @type {import("./types").Control | null} a text in which the last key was pressed a moment ago */
  unfinished = null;
  /** @type {Set<import("./types").Control>} controls whose own text is no value */
  unread = new Set();
  /** @type {((state: import("./types").State) => void)[]} told of every state that the controls take on */
  followers = [];
  refused = ""; // why the function gives nothing for what the controls say
  sizes = new ResizeObserver(() => this.reachableByKeys());

  /**
   * @param {HTMLElement} root
   * @param {import("./types").Host} host
   * @param {AbortSignal} signal
   */
  constructor(root, host, signal) {
    this.root = root;
    this.host = host;
    /** @type {import("./types").Described} */
    this.data = JSON.parse(root.querySelector(".live-data")?.textContent ?? "");
    const parts = ["controls", "verdict", "finding", "chart", "figures", "scroll", "notes", "panel"];
    /** @type {Record<string, any>} the parts of the HTML by name */
    this.parts = Object.fromEntries(parts.map((part) => [part, root.querySelector(`.live-${part}`)]));
    this.nearest = h("p", { class: "live-nearest" });
    this.message = h("p", { class: "live-message", "aria-live": "polite" });
    const prefix = `live-${++drawn}`;
    /** @type {import("./types").Control[]} */
    this.controls = this.data.controls.map((spec) => control(spec, `${prefix}-${spec.name}`));
    this.first = Object.fromEntries(this.data.controls.map((spec) => [spec.name, spec.value]));
    /** @type {import("./types").Result} */
    this.result = { ...this.data.result, html: this.parts.scroll.innerHTML };
    this.caption = h("p", { class: "live-caption", "aria-hidden": "true" }); // heard as the table's own
    this.furnish(signal);
    this.oneStop = walkable(this.parts.scroll, signal);
    this.openRows = openRows(this.parts.scroll, signal);
    this.arrange();
    this.write(this.first);
    this.answered = this.first; // the state whose table is shown
    const tip = explanations(root, signal, ".live-why", (text) => this.sourceOf(text));
    this.drawing = this.parts.chart && this.drawer(tip, signal);
    this.drawing?.update(this.result);
    this.offer(this.result);
    this.status(host.state);
  }

  /** Puts in the controls and buttons, which the HTML leaves out because they were dead there. */
  furnish(signal) {
    const { controls: form, figures, scroll } = this.parts;
    const fields = h("div", { class: "live-fields" }, ...this.controls.map(({ node }) => node));
    form.replaceChildren(this.buttons(), fields);
    form.hidden = this.controls.length === 0;
    form.after(this.message);
    this.parts.finding.after(this.nearest);
    this.panel().prepend(this.exports());
    this.nameParts();
    scroll.before(this.caption);
    foldWhereNarrow(figures, this.parts.chart, signal);
    form.addEventListener("submit", (event) => event.preventDefault(), { signal });
    form.addEventListener("input", ({ target }) => this.changed(target), { signal });
    form.addEventListener("pointerdown", ({ target }) => target.type === "range" && this.drawing?.hold(true), { signal });
    for (const event of ["change", "pointerup", "pointercancel"]) {
      document.addEventListener(event, () => this.drawing?.hold(false), { signal });
    }
    this.sizes.observe(scroll);
    signal.addEventListener("abort", () => this.sizes.disconnect());
  }

  buttons() {
    const bar = h("div", { class: "live-buttons" }, button(this.data.reset, () => this.move(this.first)));
    if (!this.host.links) return bar;
    const link = button("Copy link to this view", (own) => this.copy(own, this.link(), this.leftOut()));
    link.classList.add("live-link");
    bar.append(link);
    return bar;
  }

  exports() {
    const kinds = [["CSV", "csv", "csv", "text/csv"], ["Markdown", "markdown", "md", "text/markdown"]];
    const buttons = kinds.flatMap(([name, part, ending, type]) => [
      button(`Copy ${name}`, (own) => this.copy(own, this.result[part])),
      button(`Download ${name}`, () => download(`${this.root.id}.${ending}`, type, this.result[part])),
    ]);
    return h("section", { class: "live-buttons live-exports" }, h("p", {}, "Data"), ...buttons);
  }

  /** The place behind the quiet line; its line names the data too, now that they can be taken. */
  panel() {
    const { panel = null, notes } = this.parts;
    const made = panel ?? h("details", { class: "live-panel" }, h("summary"));
    if (!panel) notes.after(made);
    const place = h("div");
    place.append(...[...made.children].slice(1));
    made.append(place);
    this.parts.panel = made;
    return place;
  }

  /** The quiet line names what is behind it in this state. */
  nameParts() {
    const { panel } = this.parts;
    const full = (name) => panel.querySelector(`.live-${name.toLowerCase()}:not([hidden])`);
    panel.firstElementChild.textContent = ["Data", ...["Sources", "Code", "Record"].filter(full)].join(", ");
  }

  drawer(tip, signal) {
    if (this.host.drawing !== "vega") return sentChart(this.parts.chart);
    return drawnChart(this.parts.chart, this.data.chart, this.host, tip, signal);
  }

  changed(target) {
    const own = this.controls.find(({ node }) => node.contains(target));
    if (!own) return;
    this.typed(own);
    if (!own.pause) return this.reading(own);
    this.root.setAttribute("aria-busy", "true");
    this.unfinished = own;
    this.typing = setTimeout(() => this.reading(own), own.pause);
  }

  /** What was being typed elsewhere when this control moved counts as typed. */
  typed(own) {
    clearTimeout(this.typing);
    const other = this.unfinished;
    this.unfinished = null;
    if (other && other !== own) this.state = { ...this.state, [other.spec.name]: other.read() };
  }

  reading(own) {
    this.unfinished = null;
    keepInView(this.root, own.node, this.parts.chart);
    try {
      this.took(own, own.read());
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      this.turn++; // what is still being computed answers a value that is no longer there
      this.settle();
      this.say();
      this.unread.add(own);
      own.refuse(refusal.message);
      this.fade(true);
    }
  }

  /** A control has a new value; while another's text is none, nothing can be computed and its sentence stays. */
  took(own, value) {
    const state = { ...this.state, [own.spec.name]: value };
    if (this.unread.delete(own)) own.refuse("");
    if (this.unread.size === 0) return this.move(state, own);
    this.state = state;
    own.write(value);
  }

  /** What no longer describes the controls fades, and cannot be taken along or linked to. */
  fade(refused) {
    this.root.toggleAttribute("data-refused", refused);
    /** @type {NodeListOf<HTMLButtonElement>} */
    const takers = this.root.querySelectorAll(".live-exports button, .live-link");
    for (const taker of takers) taker.disabled = refused;
  }

  /** Python's refusal, beside the control that brought it about, where it stays until it is mended. */
  refuse(sentence) {
    if (this.refused !== sentence) {
      this.mend();
      if (this.moved) this.moved.refuse(sentence);
      else this.say(sentence);
    }
    this.refused = sentence;
    this.fade(true);
  }

  mend() {
    this.refused = "";
    this.unread.clear();
    for (const own of this.controls) own.refuse("");
    this.fade(false);
  }

  /**
   * Takes on a state and shows its result once it is there.
   * @param {import("./types").State} state
   * @param {import("./types").Control | null} by the control that was moved, if one was
   */
  move(state, by = null) {
    clearTimeout(this.typing); // what was being typed is no part of this state
    this.unfinished = null;
    this.moved = by;
    this.write(state);
    const turn = ++this.turn;
    this.root.setAttribute("aria-busy", "true");
    this.host.ask(this, this.state).then((result) => turn === this.turn && this.take(result));
  }

  /** Puts a state into the controls without asking for its result. */
  write(state) {
    this.state = { ...state };
    for (const own of this.controls) own.write(state[own.spec.name]);
    for (const own of this.unread) own.refuse("");
    this.unread.clear();
    for (const follow of this.followers) follow(this.state);
  }

  take(result) {
    this.settle();
    if (result.silent) return this.goBack(result.silent);
    this.say(result.unknown, Boolean(result.unknown || this.lasting));
    if (result.unknown) this.root.dataset.shown = "nothing";
    else if (result.error) this.refuse(result.error);
    else this.show(result);
  }

  settle() {
    this.root.removeAttribute("aria-busy");
  }

  /** Nobody answered: the controls stand again where the table that is still shown belongs. */
  goBack(why) {
    this.write(this.answered);
    this.mend();
    this.say(why);
  }

  show(result, state = this.state) {
    this.answered = { ...state };
    this.mend();
    const { scroll, finding, figures } = this.parts;
    const another = this.result.html !== result.html;
    if (another) scroll.innerHTML = result.html;
    this.result = result;
    delete this.root.dataset.shown;
    requestAnimationFrame(() => this.reachableByKeys()); // when the page is laid out anyway
    this.announce(finding, result.finding);
    if (this.parts.verdict) turn(this.parts.verdict, result.verdict);
    figures.querySelector("summary").textContent = counted(scroll.querySelectorAll("tbody tr:not(.live-more)").length);
    if (another) this.arrange();
    this.remark(result);
    this.offer(result);
    this.drawing?.update(result);
    this.host.shown?.(this);
  }

  /** Options that would show nothing are shut; where nothing is shown, a link leads to the nearest that is. */
  offer({ choices = {}, nearest = {} }) {
    for (const own of this.controls) own.allow(choices[own.spec.name]);
    const names = Object.entries(nearest).map(([name, value]) => this.named(name, value));
    this.nearest.replaceChildren();
    if (names.length === 0) return;
    const there = h("a", { href: this.address({ ...this.state, ...nearest }) }, names.join(", "));
    this.nearest.append("The nearest that can be shown: ", there);
  }

  /** What a control calls a value. */
  named(name, value) {
    const options = this.data.controls.find((spec) => spec.name === name)?.options ?? [];
    return options.find(([, text]) => text === value)?.[0] ?? plain(value);
  }

  /** Sees to a table that has just come: its caption, its one stop of the Tab key, its rows on a phone. */
  arrange() {
    const { scroll } = this.parts;
    this.sizes.observe(scroll.querySelector("table")); // another font may make it wider
    this.caption.textContent = scroll.querySelector("caption").textContent;
    this.oneStop();
    this.openRows();
  }

  /** Renews notes, sources and record in place, so that a panel someone opened stays open. */
  remark({ notes, sources, record }) {
    const { notes: place, panel } = this.parts;
    place.replaceChildren(...notes.map((note) => h("p", {}, note)));
    const fill = (kind, list, made) => {
      list?.replaceChildren(...made);
      panel.querySelector(`.live-${kind}`)?.toggleAttribute("hidden", made.length === 0);
    };
    fill("sources", panel.querySelector(".live-sources ul"), sources.map((source) => this.entry(source)));
    fill("record", panel.querySelector(".live-record"), record.map((text) => h("p", {}, text)));
    this.nameParts();
  }

  /** A source as Python wrote it, its links leading where this page has them. */
  entry(source) {
    const item = h("li");
    item.innerHTML = source;
    if (!this.host.entry) return item;
    /** @type {NodeListOf<HTMLAnchorElement>} */
    const links = item.querySelectorAll("a[data-source]");
    for (const link of links) link.href = this.host.entry(link.dataset.source);
    return item;
  }

  /** The link to what an explanation names first, if it is a source of this table. */
  sourceOf(text) {
    const items = [...this.root.querySelectorAll(".live-sources li")];
    const own = items.find((item) => text.startsWith(item.textContent ?? ""))?.querySelector("a[href]");
    return own ? h("a", { href: own.getAttribute("href"), tabindex: "-1" }, "To the source") : null;
  }

  /** The finding is true at once for those who see it, and spoken when the moves have come to rest. */
  announce(finding, sentence) {
    if (finding.textContent === sentence) return;
    finding.setAttribute("aria-busy", "true");
    finding.textContent = sentence;
    clearTimeout(this.calm);
    this.calm = setTimeout(() => finding.removeAttribute("aria-busy"), CALM);
  }

  /** A table wider than the screen scrolls by itself, so keys must reach it; any other is no stop. */
  reachableByKeys() {
    const { scroll } = this.parts;
    scroll.removeAttribute("tabindex"); // what scrolls is set more narrowly, so measure it as if it did not
    const wide = scroll.scrollWidth > scroll.clientWidth + 1;
    const named = { tabindex: "0", role: "region", "aria-label": scroll.querySelector("caption")?.textContent };
    for (const [name, value] of Object.entries(named)) {
      if (wide) scroll.setAttribute(name, value);
      else scroll.removeAttribute(name);
    }
  }

  /** A sentence for this table; `again` offers to try again what has failed. */
  say(sentence = "", again = this.lasting !== "") {
    this.message.textContent = shortened(sentence || this.lasting);
    const { again: retry } = this.host;
    if (again && retry) this.message.append(" ", button("Try again", () => retry.call(this.host, this)));
  }

  status(state) {
    this.root.dataset.state = state;
  }

  /** What a link to this view cannot carry, in a sentence. */
  leftOut() {
    const long = this.controls.filter((own) => own.long(this.state[own.spec.name])).map(({ spec }) => spec.label);
    return long.length ? `Copied, without “${long.join("”, “")}”: it is too long for a link.` : "Copied.";
  }

  async copy(own, text, done = "Copied.") {
    const said = (own.dataset.said ??= own.textContent); // a second click may come before the word is back
    const allowed = await copied(text);
    own.textContent = allowed ? "Copied" : "Not allowed here";
    this.say(allowed ? done : "This browser does not let the page copy.");
    setTimeout(() => {
      own.textContent = said;
      this.say();
    }, 1500);
  }

  /** The address of this page with this state in it. */
  link() {
    return location.href.split("#")[0] + this.address(this.state);
  }

  /** The fragment that sets a state. */
  address(state) {
    const params = new URLSearchParams();
    for (const { spec, print, long } of this.controls) {
      if (long(state[spec.name])) continue; // stands at its first value there
      for (const value of print(state[spec.name])) params.append(spec.name, value);
    }
    return `#${this.root.id}?${params}`;
  }

  /** Takes on the state a link asks for; what it does not name stands at its first value. */
  follow(params) {
    try {
      this.move(this.requested(params));
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      this.say(`The link asks for something that is not here. ${refusal.message}`);
    }
  }

  requested(params) {
    const names = Object.keys(this.first);
    const stranger = [...params.keys()].find((name) => !names.includes(name));
    const offered = names.length ? `there is ${enumerated(names)}` : "this table has no controls";
    if (stranger !== undefined) throw new Refusal(`There is no “${brief(stranger)}”; ${offered}.`);
    const state = { ...this.first };
    for (const { spec, parse } of this.controls) {
      if (params.has(spec.name)) state[spec.name] = inControl(spec, () => parse(params.getAll(spec.name)));
    }
    return state;
  }
}

function inControl(spec, parse) {
  try {
    return parse();
  } catch (refusal) {
    throw refusal instanceof Refusal ? new Refusal(`${spec.label}: ${refusal.message}`) : refusal;
  }
}

/** What a table is folded behind; `page.py` says the same. */
const counted = (rows) => `The figures (${rows} row${rows === 1 ? "" : "s"})`;
