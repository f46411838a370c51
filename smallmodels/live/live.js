// The front end of every `Live`: in a notebook anywidget calls `render`, in the published page this module
// finds the tables Python wrote and brings them to life. Both draw the same controls; only who computes
// differs (the host): a kernel, or Python in a worker. A value is kept as the JSON text Python understands.

/** @typedef {{html: string, finding: string, notes: string[], sources: string[], series: object, csv: string,
 *  markdown: string, svg?: string, error?: string, unknown?: string, silent?: string}} Result what one state shows */

const CALM = 500; // milliseconds without a move before a finding is announced
const PATIENCE = 60_000; // milliseconds Python may take to start
const SILENCE = 5_000; // milliseconds a kernel may leave a move unanswered before that is said

/** Says in one sentence what is wrong with a value; shown beside the control. */
class Refusal extends Error {}

// ---------------------------------------------------------------- small helpers

function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

/** The form in which two equal values have equal texts, whoever wrote them (1 and 1.0, 1e-7 and 1e-07). */
const canonical = (text) => JSON.stringify(JSON.parse(text));
const same = (a, b) => Object.keys(a).every((name) => name in b && canonical(a[name]) === canonical(b[name]));
/** A value as a link or an attribute shows it: strings bare, anything else as JSON. */
const plain = (text) => (text[0] === '"' ? JSON.parse(text) : text);
const listed = (texts) => `[${texts.join(", ")}]`;
const enumerated = (names) => (names.length > 8 ? [...names.slice(0, 8), "…"] : names).join(", ");

// ---------------------------------------------------------------- numbers

const decimals = (number) => {
  const [digits, exponent = 0] = String(number).split("e");
  return Math.max(0, (digits.split(".")[1] ?? "").length - Number(exponent));
};

const numberText = (spec, number) => {
  const text = String(number);
  return spec.float && /^-?\d+$/.test(text) ? `${text}.0` : text;
};

/** The slider's step nearest to `number`, free of the noise of adding steps. */
function snapped({ min, max, step }, number) {
  const at = min + Math.round((number - min) / step) * step;
  return Math.min(Number(at.toFixed(Math.max(decimals(min), decimals(step)))), max);
}

/** A power as a figure someone would type: a whole power as it is, any other to four digits. */
const power = (base, exponent) => Number((base ** exponent).toPrecision(Number.isInteger(exponent) ? 15 : 4));

/** The part of d3's number formats that sliders use: [,][.digits][d f e g %]. */
function formatted(number, format = "") {
  const [, comma, digits, type] = /^(,?)(?:\.(\d+))?([dfeg%]?)$/.exec(format) ?? [];
  if (type === "e") return number.toExponential(digits);
  const options = { useGrouping: comma === ",", maximumFractionDigits: 20 };
  if (type === "d") options.maximumFractionDigits = 0;
  if (type === "%") options.style = "percent";
  if (type === "g") options.maximumSignificantDigits = Number(digits ?? 6);
  else if (digits) options.minimumFractionDigits = options.maximumFractionDigits = Number(digits);
  return new Intl.NumberFormat("en", options).format(number).replace("-", "−");
}

/** The JSON text of a number someone typed, or a sentence on what is asked for. */
function typedNumber(spec, typed, { min, max } = spec) {
  const number = Number(typed);
  const kind = spec.float ? "a number" : "a whole number";
  const range = min === undefined || max === undefined ? "" : ` from ${formatted(min, ",")} to ${formatted(max, ",")}`;
  const fits = typed.trim() !== "" && Number.isFinite(number) && (spec.float || Number.isInteger(number));
  if (!fits || number < min || number > max) throw new Refusal(`Choose ${kind}${range}.`);
  return numberText(spec, number);
}

const powers = ({ base, min, max }) => ({ min: power(base, min), max: power(base, max) });

// ---------------------------------------------------------------- controls
// Each kind gives: node (label and inputs), write(text), read() -> text, parse(strings of a link) -> text
// and print(text) -> strings of a link. read and parse throw a Refusal.

/** Sets a field, but leaves alone what someone is typing when it already says the same. */
function rewrite(input, value) {
  if (input.value === "" || String(value) !== String(typeof value === "number" ? Number(input.value) : input.value)) {
    input.value = value;
  }
}

function labelled(spec, id, ...after) {
  return h("div", { class: "live-label" }, h("label", { for: id }, spec.label), ...after);
}

function group(spec, ...children) {
  const legend = h("legend", { class: "live-label" }, spec.label);
  return h("fieldset", { class: "live-control", name: spec.name, "data-kind": spec.kind }, legend, ...children);
}

function single(spec, ...children) {
  return h("div", { class: "live-control", "data-kind": spec.kind }, ...children);
}

function slider(spec, id) {
  const { min, max, step } = spec;
  const input = h("input", { type: "range", id, name: spec.name, min, max, step });
  const output = h("span", { class: "live-value", "aria-hidden": "true" }); // heard as the slider's valuetext
  return {
    node: single(spec, labelled(spec, id, output), input),
    read: () => numberText(spec, snapped(spec, input.valueAsNumber)),
    write: (text) => {
      input.value = JSON.parse(text);
      output.textContent = formatted(JSON.parse(text), spec.readout_format);
      input.setAttribute("aria-valuetext", output.textContent);
    },
    parse: ([typed]) => typedNumber(spec, typed),
  };
}

function log(spec, id) {
  const { label, name, base, min, max, step } = spec;
  const range = h("input", { type: "range", min, max, step, "aria-label": `${label}, slider` });
  const number = h("input", { type: "number", id, name, step: "any", "aria-label": label, ...powers(spec) });
  range.addEventListener("input", () => (number.value = power(base, snapped(spec, range.valueAsNumber))));
  const parse = ([typed]) => typedNumber(spec, typed, powers(spec));
  return {
    node: group(spec, h("div", { class: "live-pair" }, range, number)),
    read: () => parse([number.value]),
    write: (text) => {
      rewrite(number, JSON.parse(text));
      range.value = Math.log(JSON.parse(text)) / Math.log(base);
      range.setAttribute("aria-valuetext", formatted(JSON.parse(text), ",.4g"));
    },
    parse,
  };
}

function number(spec, id) {
  const { name, min, max } = spec;
  const input = h("input", { type: "number", id, name, min, max, step: spec.step ?? (spec.float ? "any" : 1) });
  return {
    node: single(spec, labelled(spec, id), input),
    read: () => typedNumber(spec, input.value),
    write: (text) => rewrite(input, JSON.parse(text)),
    parse: ([typed]) => typedNumber(spec, typed),
  };
}

function text(spec, id) {
  const input = h("input", { type: "text", id, name: spec.name, autocomplete: "off" });
  return {
    node: single(spec, labelled(spec, id), input),
    read: () => JSON.stringify(input.value),
    write: (value) => rewrite(input, JSON.parse(value)),
    parse: ([typed]) => JSON.stringify(typed),
  };
}

function checkbox(spec, id) {
  const input = h("input", { type: "checkbox", id, name: spec.name });
  return {
    node: single(spec, h("label", { class: "live-check" }, input, h("span", {}, spec.label))),
    read: () => String(input.checked),
    write: (value) => (input.checked = value === "true"),
    parse: ([typed]) => {
      if (typed !== "true" && typed !== "false") throw new Refusal("It is true or false.");
      return typed;
    },
  };
}

/** The JSON text of the option a link names, by value or by label. */
function chosen(spec, typed) {
  const option = spec.options.find(([label, value]) => plain(value) === typed || label === typed);
  if (option) return option[1];
  throw new Refusal(`There is no “${typed}”; choose ${enumerated(spec.options.map(([, value]) => plain(value)))}.`);
}

function select(spec, id) {
  const options = spec.options.map(([label, value]) => h("option", { value: plain(value) }, label));
  const input = h("select", { id, name: spec.name }, ...options);
  return {
    node: single(spec, labelled(spec, id), input),
    read: () => spec.options[input.selectedIndex][1],
    write: (text) => (input.selectedIndex = spec.options.findIndex(([, value]) => value === text)),
    parse: ([typed]) => chosen(spec, typed),
  };
}

/** Radio buttons or checkboxes in a fieldset: `[input, JSON text]` pairs and the node that holds them. */
function choices(spec, type) {
  const inputs = spec.options.map(([, value]) => h("input", { type, name: spec.name, value: plain(value) }));
  const labels = inputs.map((input, i) => h("label", {}, input, h("span", {}, spec.options[i][0])));
  return { inputs, node: group(spec, h("div", { class: "live-choices" }, ...labels)) };
}

function radio(spec) {
  const { inputs, node } = choices(spec, "radio");
  return {
    node,
    read: () => spec.options[inputs.findIndex((input) => input.checked)][1],
    write: (text) => inputs.forEach((input, i) => (input.checked = spec.options[i][1] === text)),
    parse: ([typed]) => chosen(spec, typed),
  };
}

function checkboxes(spec) {
  const { inputs, node } = choices(spec, "checkbox");
  const among = (is) => listed(spec.options.filter(([, value], i) => is(value, i)).map(([, value]) => value));
  return {
    node,
    read: () => among((_, i) => inputs[i].checked),
    write: (text) => {
      const values = JSON.parse(text).map((value) => JSON.stringify(value));
      inputs.forEach((input, i) => (input.checked = values.includes(canonical(spec.options[i][1]))));
    },
    parse: (typed) => {
      const values = typed.filter((name) => name !== "").map((name) => chosen(spec, name));
      return among((value) => values.includes(value));
    },
    print: (text) => {
      const values = JSON.parse(text).map((value) => plain(JSON.stringify(value)));
      return values.length ? values : [""];
    },
  };
}

const KINDS = { slider, log, number, text, checkbox, select, radio, checkboxes };

/** One control with its place for a sentence of refusal. */
function control(spec, id) {
  const made = { print: (text) => [plain(text)], ...KINDS[spec.kind](spec, id), spec };
  const error = h("p", { class: "live-error", id: `${id}-error`, hidden: true });
  made.node.append(error);
  made.refuse = (sentence) => {
    error.textContent = sentence;
    error.hidden = !sentence;
    for (const field of made.node.querySelectorAll("input, select")) {
      for (const [name, value] of Object.entries({ "aria-invalid": "true", "aria-describedby": error.id })) {
        if (sentence) field.setAttribute(name, value);
        else field.removeAttribute(name);
      }
    }
  };
  return made;
}

// ---------------------------------------------------------------- explanations on hover, focus and touch

/** Shows what the elements that match `marked` say of themselves, wherever they are under `root`. */
function explanations(root, signal, marked = ".live-why") {
  const tip = h("div", { class: "live-tip", popover: "manual", "aria-hidden": "true" });
  let owner = null;
  let leaving = 0;
  const on = (target, events, act, options) =>
    events.split(" ").forEach((event) => target.addEventListener(event, act, { signal, ...options }));
  const hide = () => {
    owner = null;
    if (tip.isConnected) tip.hidePopover?.();
    tip.remove();
  };
  const place = (rect) => {
    const left = rect.left + rect.width / 2 - tip.offsetWidth / 2;
    const above = rect.top - tip.offsetHeight - 6;
    tip.style.left = `${Math.max(8, Math.min(left, document.documentElement.clientWidth - tip.offsetWidth - 8))}px`;
    tip.style.top = `${above < 8 ? rect.bottom + 6 : above}px`;
  };
  const show = (text, rect, of) => {
    clearTimeout(leaving);
    owner = of;
    tip.textContent = text;
    root.append(tip);
    tip.showPopover?.();
    place(rect);
  };
  const enter = ({ target }) => {
    const why = target.closest(marked);
    if (target === tip) clearTimeout(leaving);
    else if (why && why !== owner) show(why.getAttribute("aria-description"), why.getBoundingClientRect(), why);
    else if (why) clearTimeout(leaving);
  };
  on(root, "pointerover focusin click", enter);
  on(root, "pointerout", ({ pointerType, target }) => {
    // Time enough to move on to the explanation itself; what has the focus keeps its explanation.
    if (pointerType === "touch" || !target.closest(`${marked}, .live-tip`)) return;
    leaving = setTimeout(() => owner === document.activeElement || hide(), 200);
  });
  on(root, "focusout", hide);
  on(document, "keydown", (event) => event.key === "Escape" && hide());
  on(document, "pointerdown", ({ target }) => target.closest(`${marked}, .live-tip`) || hide());
  on(document, "scroll", () => owner && place(owner.getBoundingClientRect()), { capture: true, passive: true });
  return { show, hide };
}

/** Makes a table's explained figures one stop of the Tab key: arrows go on from figure to figure. */
function walkable(scroll, signal) {
  const whys = () => [...scroll.querySelectorAll("table .live-why")];
  const stop = (chosen) => whys().forEach((why) => (why.tabIndex = why === chosen ? 0 : -1));
  const beside = { ArrowLeft: -1, ArrowRight: 1 };
  const inColumn = (from, step) => {
    const column = from.closest("th, td").cellIndex;
    for (let row = from.closest("tr"); (row = rows(scroll)[rows(scroll).indexOf(row) + step]); ) {
      const why = row.cells[column]?.querySelector(".live-why");
      if (why) return why;
    }
    return null;
  };
  const next = (from, key) => {
    const all = whys();
    if (key in beside) return all[all.indexOf(from) + beside[key]];
    if (key === "ArrowUp" || key === "ArrowDown") return inColumn(from, key === "ArrowUp" ? -1 : 1);
    return { Home: all[0], End: all.at(-1) }[key];
  };
  scroll.addEventListener("keydown", (event) => {
    const from = event.target.closest(".live-why");
    if (!from || event.ctrlKey || event.altKey || event.metaKey) return;
    const to = next(from, event.key);
    if (!to) return;
    event.preventDefault();
    to.focus();
  }, { signal });
  scroll.addEventListener("focusin", ({ target }) => target.matches(".live-why") && stop(target), { signal });
  return () => stop(whys()[0]);
}

const rows = (scroll) => [...(scroll.querySelector("table")?.rows ?? [])];

// ---------------------------------------------------------------- the chart

// Remarks on a specification are for its author, who met them when the picture was made.
const QUIET = Object.fromEntries(["level", "error", "warn", "info", "debug"].map((name) => [name, () => QUIET]));

/** The texts in a result's series, in order: what a chart's categories and their order come from. */
const categories = (series) => JSON.stringify(series, (_key, value) => (typeof value === "number" ? 0 : value));

/** Draws a specification with vega once it comes near the screen; until then the static picture stands. */
function drawnChart(figure, spec, host, tip, signal) {
  let view = null;
  let latest = null;
  let names = [];
  let fed = "";
  let waiting = null;
  let width = 0;
  const feed = async () => {
    waiting = null; // what comes from now on is fed after this
    if (signal.aborted) return;
    const { series, finding } = latest;
    // Vega keeps a category where it first stood, so where they change it must forget the old ones first.
    if (fed !== (fed = categories(series))) {
      for (const name of names) view.data(name, []);
      await view.runAsync();
    }
    for (const name of names) view.data(name, structuredClone(series[name] ?? []));
    view.resize(); // room beside the axes for what is written there now
    await view.runAsync();
    view.container().setAttribute("aria-label", finding);
  };
  let work = Promise.resolve();
  const redraw = () => (waiting ??= work = work.then(feed, feed));
  const draw = async () => {
    const { View, parse, compile } = await host.vega();
    if (signal.aborted) return;
    width = figure.clientWidth;
    const sized = spec.width === "container" ? { width, autosize: { type: "fit-x", contains: "padding" } } : {};
    const { spec: compiled } = compile({ ...spec, ...sized }, { logger: QUIET });
    const box = h("div", { class: "live-drawing" });
    figure.append(box);
    view = new View(parse(compiled), { renderer: "svg", container: box, hover: true });
    view.tooltip((_handler, event, _item, value) => {
      if (value === undefined || value === null || value === "") return tip.hide();
      const text = typeof value === "object" ? Object.values(value).join(" · ") : String(value);
      tip.show(text, new DOMRect(event.clientX, event.clientY, 0, 0), null);
    });
    await redraw();
    // Vega names every mark to a screen reader; here the chart is one image, named by what it shows.
    box.setAttribute("role", "img");
    box.removeAttribute("aria-roledescription");
    box.firstElementChild.setAttribute("aria-hidden", "true");
    figure.replaceChildren(box);
    figure.removeAttribute("data-stale");
  };
  const near = new IntersectionObserver(
    (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      near.disconnect();
      draw().catch((problem) => {
        console.error(problem);
        figure.append(h("p", { class: "live-message" }, "The chart could not be drawn; the table holds its figures."));
      });
    },
    { rootMargin: "400px" },
  );
  const resized = new ResizeObserver(() => {
    if (!view || spec.width !== "container" || Math.abs(figure.clientWidth - width) < 1) return;
    width = figure.clientWidth;
    view.width(width).runAsync();
  });
  signal.addEventListener("abort", () => {
    near.disconnect();
    resized.disconnect();
    view?.finalize();
  });
  return {
    /** Shows the series of a result; the first call names what the static picture shows. */
    update(result) {
      const first = latest === null;
      latest = result;
      if (first) {
        names = Object.keys(result.series);
        near.observe(figure);
        resized.observe(figure);
      } else if (view) redraw();
      else figure.dataset.stale = ""; // the picture shows the first state: not to be seen beside another
    },
  };
}

/** A chart Python draws anew for every state, or a sentence where it cannot. */
function sentChart(figure) {
  return {
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

// ---------------------------------------------------------------- one Live

let drawn = 0; // makes the ids of inputs unique, however often one Live is shown

/** Brings the HTML of one `Live` to life; `host` computes. */
class View {
  constructor(root, host, signal) {
    Object.assign(this, { root, host, turn: 0, moved: null, lasting: "" });
    this.data = JSON.parse(root.querySelector(".live-data").textContent);
    const parts = ["controls", "finding", "scroll", "chart", "notes"];
    this.parts = Object.fromEntries(parts.map((part) => [part, root.querySelector(`.live-${part}`)]));
    this.message = h("p", { class: "live-message", "aria-live": "polite" });
    const prefix = `live-${++drawn}`;
    this.controls = this.data.controls.map((spec) => control(spec, `${prefix}-${spec.name}`));
    this.first = Object.fromEntries(this.data.controls.map((spec) => [spec.name, spec.value]));
    this.result = { ...this.data.result, html: this.parts.scroll.innerHTML };
    this.oneStop = walkable(this.parts.scroll, signal);
    this.oneStop();
    this.furnish(signal);
    this.write(this.first);
    this.answered = this.first; // the state whose table is shown
    const tip = explanations(root, signal);
    this.drawing = this.parts.chart && this.drawer(tip, signal);
    this.drawing?.update(this.result);
    this.status(host.state);
  }

  /** Puts in the controls and buttons, which the HTML leaves out because they were dead there. */
  furnish(signal) {
    const { controls: form, notes, scroll } = this.parts;
    form.replaceChildren(...this.controls.map(({ node }) => node));
    if (this.controls.length) form.append(this.buttons());
    form.hidden = this.controls.length === 0;
    form.after(this.message);
    notes.after(this.exports());
    form.addEventListener("submit", (event) => event.preventDefault(), { signal });
    form.addEventListener("input", ({ target }) => this.changed(target), { signal });
    this.sizes = new ResizeObserver(() => this.reachableByKeys());
    this.sizes.observe(scroll);
    this.sizes.observe(scroll.querySelector("table")); // another font may make it wider
    signal.addEventListener("abort", () => this.sizes.disconnect());
  }

  buttons() {
    const bar = h("div", { class: "live-buttons" }, button(this.data.reset, () => this.move(this.first)));
    if (this.host.links) bar.append(button("Copy link to this view", (own) => this.copy(own, this.link())));
    return bar;
  }

  exports() {
    const kinds = [["CSV", "csv", "csv", "text/csv"], ["Markdown", "markdown", "md", "text/markdown"]];
    const buttons = kinds.flatMap(([name, part, ending, type]) => [
      button(`Copy ${name}`, (own) => this.copy(own, this.result[part])),
      button(`Download ${name}`, () => download(`${this.root.id}.${ending}`, type, this.result[part])),
    ]);
    return h("div", { class: "live-buttons live-exports" }, h("span", {}, "This table"), ...buttons);
  }

  drawer(tip, signal) {
    if (this.host.drawing !== "vega") return sentChart(this.parts.chart);
    return drawnChart(this.parts.chart, this.data.chart, this.host, tip, signal);
  }

  changed(target) {
    const own = this.controls.find(({ node }) => node.contains(target));
    try {
      this.move({ ...this.state, [own.spec.name]: own.read() }, own);
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      this.turn++; // what is still being computed answers a value that is no longer there
      this.settle();
      this.say();
      own.refuse(refusal.message);
    }
  }

  /** Takes on a state (argument to JSON text) and shows its result once it is there. */
  move(state, by = null) {
    this.moved = by;
    this.write(state);
    const turn = ++this.turn;
    this.root.setAttribute("aria-busy", "true");
    this.host.ask(this, this.state).then((result) => turn === this.turn && this.take(result));
  }

  /** Puts a state into the controls without asking for its result. */
  write(state) {
    this.state = { ...state };
    for (const own of this.controls) {
      own.write(state[own.spec.name]);
      own.refuse("");
    }
  }

  take(result) {
    this.settle();
    if (result.silent) return this.goBack(result.silent);
    this.say(result.unknown);
    if (result.unknown) this.root.dataset.shown = "nothing";
    else if (result.error) (this.moved?.refuse ?? ((sentence) => this.say(sentence)))(result.error);
    else this.show(result);
  }

  settle() {
    this.root.removeAttribute("aria-busy");
  }

  /** Nobody answered: the controls stand again where the table that is still shown belongs. */
  goBack(why) {
    this.write(this.answered);
    this.say(why);
  }

  show(result, state = this.state) {
    this.answered = { ...state };
    const { scroll, finding, notes } = this.parts;
    if (this.result.html !== result.html) {
      scroll.innerHTML = result.html;
      this.sizes.observe(scroll.querySelector("table"));
      this.oneStop();
    }
    this.result = result;
    delete this.root.dataset.shown;
    requestAnimationFrame(() => this.reachableByKeys()); // when the page is laid out anyway
    this.announce(finding, result.finding);
    remark(notes, result);
    this.drawing?.update(result);
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

  say(sentence = "") {
    this.message.textContent = sentence || this.lasting;
  }

  status(state) {
    this.root.dataset.state = state;
  }

  async copy(own, text) {
    const said = (own.dataset.said ??= own.textContent); // a second click may come before the word is back
    const done = await copied(text);
    own.textContent = done ? "Copied" : "Not allowed here";
    this.say(done ? "Copied." : "This browser does not let the page copy.");
    setTimeout(() => {
      own.textContent = said;
      this.say();
    }, 1500);
  }

  /** The address of this page with this state in it. */
  link() {
    const params = new URLSearchParams();
    for (const { spec, print } of this.controls) {
      for (const value of print(this.state[spec.name])) params.append(spec.name, value);
    }
    return `${location.href.split("#")[0]}#${this.root.id}?${params}`;
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
    if (stranger) throw new Refusal(`There is no “${stranger}”; there is ${enumerated(names)}.`);
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

function button(name, act) {
  const made = h("button", { type: "button" }, name);
  made.addEventListener("click", () => act(made));
  return made;
}

/** Renews notes and sources in place, so that a list someone opened stays open. */
function remark(place, { notes, sources }) {
  const details = place.querySelector("details") ?? h("details", {}, h("summary", {}, "Sources"), h("ul"));
  details.querySelector("ul").replaceChildren(...sources.map((source) => h("li", {}, source)));
  place.replaceChildren(...notes.map((note) => h("p", {}, note)), ...(sources.length ? [details] : []));
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Not every frame may use the clipboard (a notebook's output, a page without https): the old way.
    const field = h("textarea", { class: "live-unseen", readonly: true });
    field.value = text;
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}

function download(name, type, text) {
  const address = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

// ---------------------------------------------------------------- a notebook: the kernel computes

/** Vega, sent by Python once per page: a notebook's page has none of our files. */
function sentVega(model) {
  return (globalThis[Symbol.for("smallmodels.vega")] ??= new Promise((resolve) => {
    const take = (content, buffers) => {
      if (!content?.vega) return;
      model.off("msg:custom", take);
      resolve(import(URL.createObjectURL(new Blob([buffers[0]], { type: "text/javascript" }))));
    };
    model.on("msg:custom", take);
    model.send({ want: "vega" });
  }));
}

const GONE = "The kernel no longer knows this widget: run this cell again.";
const SILENT = "The kernel has not answered yet: it is busy, or it was restarted and this cell must be run again.";

/** A notebook's Python as the host of one view: it answers by the traits of `model`, or not at all. */
class Kernel {
  constructor(model) {
    const drawing = model.get("drawing");
    Object.assign(this, { model, drawing, state: "kernel", links: false, waiting: null, lost: false });
  }

  vega() {
    return sentVega(this.model);
  }

  ask(_view, state) {
    return new Promise((resolve) => {
      this.waiting = resolve;
      this.model.set("values", state);
      this.model.save_changes();
      if (this.settled()) resolve(this.model.get("result"));
      else if (this.lost) this.giveUp(resolve);
      else setTimeout(() => this.giveUp(resolve), SILENCE);
    });
  }

  giveUp(resolve) {
    if (this.waiting !== resolve) return; // answered, or another move came after
    this.waiting = null; // an answer that comes after all is shown like a move of Python's own
    resolve({ silent: this.lost ? GONE : SILENT });
  }

  settled() {
    return same(this.model.get("values"), this.model.get("result").values ?? {});
  }

  /** Python moved a control, or answered a move of ours; both end in values and a result that belong together. */
  tell(view) {
    const [values, result] = [this.model.get("values"), this.model.get("result")];
    if (!same(view.state, values)) view.write(values);
    if (!this.settled()) {
      if (result.html) view.show(result, result.values); // a drag is faster than the kernel: show how far it has come
      return;
    }
    if (this.waiting) this.waiting(result);
    else view.take(result);
    this.waiting = null;
  }
}

/** Draws a `Live` whose Python side is `model` into `el`; returns the clean-up. */
function render({ model, el }) {
  const leaving = new AbortController();
  const kernel = new Kernel(model);
  el.innerHTML = model.get("html");
  const view = new View(el.querySelector(".live"), kernel, leaving.signal);
  const tell = () => kernel.tell(view);
  const lose = () => (kernel.lost = true);
  const answered = () => {
    kernel.lost = false;
    tell();
  };
  const events = Object.entries({
    "change:values": tell,
    "change:result": answered,
    // So a widget manager tells a model that its kernel restarted, or closed its end.
    comm_live_update: lose,
    "comm:close": lose,
  });
  for (const [event, act] of events) model.on(event, act);
  tell();
  followClicks(view, leaving.signal);
  return () => {
    for (const [event, act] of events) model.off(event, act);
    leaving.abort();
  };
}

/** A notebook's address is not ours: a click on a link to this Live sets it, and that is all that happens. */
function followClicks(view, signal) {
  const inReach = (link) => link.closest(".jp-NotebookPanel")?.contains(view.root) ?? true; // of several open ones
  const follow = (event) => {
    const link = event.composedPath().find((node) => node.matches?.("a[href^='#']"));
    const wish = link && wished(link.hash);
    if (wish?.id !== view.root.id || !inReach(link)) return;
    event.preventDefault();
    event.stopPropagation();
    visit(view, wish.params);
  };
  // First of all, before the notebook makes something else of it.
  document.addEventListener("click", follow, { capture: true, signal });
}

// ---------------------------------------------------------------- links to a state

/** The id and the arguments in a fragment `#id?argument=value&...`; nothing in any other. */
function wished(hash) {
  const [, id, query] = /^#([^?]*)\?(.*)$/s.exec(hash) ?? [];
  try {
    return query === undefined ? null : { id: decodeURIComponent(id), params: new URLSearchParams(query) };
  } catch {
    return null; // a stray percent sign names nothing here
  }
}

/** Brings a view into the state that a link asks for, and into sight. */
function arrive(view, params) {
  view.follow(params);
  view.root.scrollIntoView({ block: "start" });
}

function visit(view, params) {
  arrive(view, params);
  view.root.tabIndex = -1; // the next Tab goes on from here, as after any link within a page
  view.root.focus({ preventScroll: true });
}

// ---------------------------------------------------------------- the published page: a worker computes

/** What the worker is asked for one state of a view. */
const question = ({ data }, state) => ({ name: data.function, args: JSON.stringify({ ...data.fixed, ...state }) });

/** Python in a worker, one for the page; of several moves of one Live only the latest is answered. */
class Engine {
  constructor(base, changed) {
    Object.assign(this, { base, changed, state: "static", asked: new Map(), current: null });
  }

  start(questions) {
    if (this.state !== "static") return;
    this.become("starting");
    this.timer = setTimeout(() => this.fail("it took too long"), PATIENCE);
    try {
      this.worker = new Worker(this.base("worker.js"), { type: "module" });
    } catch (problem) {
      return this.fail(problem.message);
    }
    this.worker.onerror = (event) => {
      event.preventDefault();
      this.fail(event.message || "its files could not be loaded");
    };
    this.worker.onmessage = ({ data }) => this.heard(data);
    this.worker.postMessage({ questions });
  }

  heard({ ready, failed, answer, broken }) {
    if (failed) return this.fail(failed);
    if (ready) {
      clearTimeout(this.timer);
      this.become("live");
    } else {
      const { resolve } = this.current;
      this.current = null;
      if (broken) console.error(broken);
      resolve(broken ? { error: `This could not be computed: ${broken.trim().split("\n").at(-1)}` } : JSON.parse(answer));
    }
    this.next();
  }

  become(state) {
    this.state = state;
    this.changed(state);
  }

  fail(reason) {
    clearTimeout(this.timer);
    this.worker?.terminate();
    this.reason = `Python could not start in this page (${reason.replace(/\.$/, "")})`;
    this.become("failed");
    for (const { resolve } of [this.current, ...this.asked.values()].filter(Boolean)) resolve(this.unknown());
    this.asked.clear();
  }

  unknown() {
    return { unknown: `${this.reason}, and this state was not computed beforehand. Reset shows the first table.` };
  }

  ask(view, state) {
    if (this.state === "failed") return Promise.resolve(this.unknown());
    return new Promise((resolve) => {
      this.asked.delete(view); // the latest value wins, and stands last in the queue
      this.asked.set(view, { state, resolve });
      this.next();
    });
  }

  next() {
    if (this.state !== "live" || this.current || this.asked.size === 0) return;
    const [view, asked] = [...this.asked].at(-1);
    this.asked.delete(view);
    this.current = asked;
    this.worker.postMessage(question(view, asked.state));
  }
}

/** The results computed when the book was built: each control over its values, the others at their first. */
class Prepared {
  constructor(view, address) {
    this.view = view;
    this.first = view.result;
    this.file = view.controls.length === 0 ? null : fetch(address)
      .then((response) => (response.ok ? response.json() : Promise.reject(new Error(response.statusText))))
      .then(({ texts, states }) => ({ texts, states: new Map(states.map(([n, v, result]) => [`${n}=${canonical(v)}`, result])) }))
      .catch(() => null); // without them every move waits for Python, nothing else is lost
  }

  async find(state) {
    const moved = Object.keys(state).filter((name) => canonical(state[name]) !== canonical(this.view.first[name]));
    if (moved.length === 0) return this.first;
    const file = moved.length === 1 ? await this.file : null;
    const packed = file?.states.get(`${moved[0]}=${canonical(state[moved[0]])}`);
    return packed && unpacked(packed, file.texts);
  }
}

/** A result whose texts stand as lists of indices into the file's common pieces. */
function unpacked(packed, texts) {
  const whole = (indices) => indices.map((i) => texts[i]).join("");
  const each = (indices) => indices.map((i) => texts[i]);
  if (packed.error) return { error: whole(packed.error) };
  const series = Object.entries(packed.series).map(([name, is]) => [name, each(is).map((text) => JSON.parse(text))]);
  return {
    ...Object.fromEntries(["html", "finding", "csv", "markdown"].map((part) => [part, whole(packed[part])])),
    ...Object.fromEntries(["notes", "sources"].map((part) => [part, each(packed[part])])),
    series: Object.fromEntries(series),
  };
}

/** Brings every `Live` of a published page to life; `script` is the element that loaded this module. */
function publish(script) {
  const { search } = new URL(script.src); // carries the version of all our files
  const base = (name) => new URL(name + search, script.src);
  const engine = new Engine(base, (state) => views.forEach((view) => entered(view, state)));
  let vega = null;
  const host = {
    state: "static",
    drawing: "vega",
    links: true,
    vega: () => (vega ??= import(base("vega.js"))),
    async ask(view, state) {
      if (engine.state !== "live") {
        const known = await prepared.get(view).find(state);
        if (known) return known;
        start();
        if (engine.state === "starting") view.say("Python is starting; this table comes with it.");
      }
      return engine.ask(view, state);
    },
  };
  const entered = (view, state) => {
    view.status(state);
    if (state !== "failed") return;
    view.lasting = `${engine.reason}, so only the moves computed beforehand are answered.`;
    view.say();
  };
  const never = new AbortController().signal; // a page's Lives last as long as the page
  const views = [...document.querySelectorAll(".live[data-live]")].map((root) => new View(root, host, never));
  const prepared = new Map(
    views.map((view) => [view, new Prepared(view, base(`results/${script.dataset.livePage}--${view.root.id}.json`))]),
  );
  const start = () => engine.start(views.map((view) => question(view, view.first)));
  if (views.length) startWhenIdle(start);
  followLinks(new Map(views.map((view) => [view.root.id, view])));
  explanations(document.body, never, ".live-figure"); // the marked figures of the text
  performance.mark("live: controls ready");
}

/** Starts Python when the page has loaded and rests; at the first touch where data is to be saved. */
function startWhenIdle(start) {
  if (navigator.connection?.saveData) {
    for (const event of ["pointerdown", "focusin"]) {
      addEventListener(event, ({ target }) => target.closest?.(".live-controls") && start());
    }
    return;
  }
  const idle = () => (window.requestIdleCallback ?? setTimeout)(() => start());
  if (document.readyState === "complete") idle();
  else addEventListener("load", idle, { once: true });
}

/** A fragment `#id?argument=value&...` sets a state, on arrival, on a change of address and on a click.
 * Going back brings the states that were left for it: they are kept with the entry of the history. */
function followLinks(views) {
  const follow = (hash, go = visit) => {
    const wish = wished(hash);
    const view = wish && views.get(wish.id);
    if (view) go(view, wish.params);
  };
  const leave = () => {
    const left = Object.fromEntries([...views].map(([id, view]) => [id, view.state]));
    history.replaceState({ ...history.state, left }, "");
  };
  const restore = (left) => {
    for (const [id, state] of Object.entries(left)) {
      const view = views.get(id);
      if (view && !same(view.state, state)) view.move(state);
    }
  };
  follow(location.hash, arrive);
  addEventListener("hashchange", () => (history.state?.left ? restore(history.state.left) : follow(location.hash)));
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (!link?.hash || link.pathname !== location.pathname) return;
    // The same link once more changes no address, but the reader may have moved something since.
    if (link.hash === location.hash) follow(link.hash);
    else if (link.hash.includes("?")) leave();
  });
}

const script = globalThis.document?.querySelector("script[data-live-page]");
if (script?.src === import.meta.url) publish(script);

export default { render };
