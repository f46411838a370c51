// The published page: Python in a worker computes.
import { explanations } from "./explain.js";
import { arrive, visit, wished } from "./links.js";
import { canonical, same } from "./values.js";
import { View } from "./view.js";

const PATIENCE = 60_000; // milliseconds Python may take to start

/** What the worker is asked for one state of a view. */
const question = ({ data }, state) => ({ name: data.function, args: JSON.stringify({ ...data.fixed, ...state }) });

/** Python in a worker, one for the page; of several moves of one Live only the latest is answered. */
class Engine {
  state = "static";
  reason = "";
  /** @type {Map<View, {state: import("./types").State, resolve: (result: import("./types").Result) => void}>} */
  asked = new Map();
  /** @type {{state: import("./types").State, resolve: (result: import("./types").Result) => void} | null} */
  current = null;
  /** @type {Worker | undefined} */
  worker;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  timer;

  /**
   * @param {(name: string) => URL} base the address of one of our files
   * @param {(state: string) => void} changed hears of every new state
   */
  constructor(base, changed) {
    this.base = base;
    this.changed = changed;
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
      const resolve = this.current?.resolve ?? (() => {});
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
    for (const asked of [this.current, ...this.asked.values()]) asked?.resolve(this.unknown());
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
    const [view, asked] = [...this.asked][this.asked.size - 1];
    this.asked.delete(view);
    this.current = asked;
    this.worker?.postMessage(question(view, asked.state));
  }
}

/** The results computed when the book was built: each control over its values, the others at their first.
 * They are fetched when a pointer or the keyboard comes to their widget, or a link moves it. */
class Prepared {
  /** @type {Promise<{texts: string[], states: Map<string, any>} | null> | undefined} */
  file;

  constructor(view, address) {
    this.view = view;
    this.first = view.result;
    this.address = address;
    for (const event of ["pointerover", "focusin"]) view.root.addEventListener(event, () => this.load(), { once: true });
  }

  load() {
    return (this.file ??= this.view.controls.length === 0 ? Promise.resolve(null) : fetch(this.address)
      .then((response) => (response.ok ? response.json() : Promise.reject(new Error(response.statusText))))
      .then(({ texts, states }) => ({ texts, states: new Map(states.map(([n, v, result]) => [`${n}=${canonical(v)}`, result])) }))
      .catch(() => null)); // without them every move waits for Python, nothing else is lost
  }

  async find(state) {
    const moved = Object.keys(state).filter((name) => canonical(state[name]) !== canonical(this.view.first[name]));
    if (moved.length === 0) return this.first;
    const file = moved.length === 1 ? await this.load() : null;
    const packed = file?.states.get(`${moved[0]}=${canonical(state[moved[0]])}`);
    return packed && unpacked(packed, file?.texts);
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
export function publish(script) {
  const { search } = new URL(script.src); // carries the version of all our files
  const base = (name) => new URL(name + search, script.src);
  const engine = new Engine(base, (state) => views.forEach((view) => entered(view, state)));
  const bundles = {}; // draws what was compiled with the book; compiles first where it was not
  const host = {
    state: "static",
    drawing: "vega",
    links: true,
    vega: (compiled) => (bundles[compiled] ??= import(base(compiled ? "draw.js" : "vega.js").href)),
    async ask(view, state) {
      if (engine.state !== "live") {
        const known = await prepared.get(view)?.find(state);
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
  /** @type {NodeListOf<HTMLElement>} */
  const roots = document.querySelectorAll(".live[data-live]");
  const views = [...roots].map((root) => new View(root, host, never));
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
    const touched = ({ target }) => target.closest?.(".live-controls") && start();
    for (const event of ["pointerdown", "focusin"]) addEventListener(event, touched);
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
  document.addEventListener("click", ({ target }) => {
    const link = target instanceof Element && /** @type {HTMLAnchorElement | null} */ (target.closest("a[href]"));
    if (!link || !link.hash || link.pathname !== location.pathname) return;
    // The same link once more changes no address, but the reader may have moved something since.
    if (link.hash === location.hash) follow(link.hash);
    else if (link.hash.includes("?")) leave();
  });
}
