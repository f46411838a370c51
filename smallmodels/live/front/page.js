// The published page: Python in a worker computes.
import { ModelWorker } from "./asking.js";
import { h } from "./dom.js";
import { Engine, question } from "./engine.js";
import { explanations } from "./explain.js";
import { megabytes, scriptFault } from "./faults.js";
import { arrive, held, visit, wished } from "./links.js";
import { followMoved } from "./moved.js";
import { offerPlay } from "./offer.js";
import { Prepared } from "./prepared.js";
import { same } from "./values.js";
import { View } from "./view.js";

/** The page as the host of all its views: prepared answers first, then Python's. */
class Site {
  state = "static";
  drawing = "vega";
  links = true;
  /** @type {Record<string, Promise<any>>} */
  drawers = {};
  tries = 0;
  /** @type {View[]} */
  views = [];
  /** @type {Map<View, Prepared>} */
  prepared = new Map();

  /** @param {(name: string) => URL} base the address of one of our files */
  constructor(base) {
    this.base = base;
    this.engine = new Engine(base("worker.js"), {
      changed: (state) => this.views.forEach((view) => this.entered(view, state)),
      progressed: (text) => document.querySelectorAll(".live-progress").forEach((place) => (place.textContent = text)),
    });
  }

  /** Vega, once for the page, without its compiler where the build has compiled the chart; a failure is told by
   * its cause and forgotten, so that another chart may try again. */
  vega(compiled) {
    const name = compiled ? "draw.js" : "vega.js";
    const url = this.base(name);
    if (this.tries) url.hash = `${this.tries}`; // a browser remembers that an address failed
    return (this.drawers[name] ??= import(url.href).catch(async ({ message }) => {
      delete this.drawers[name];
      this.tries++;
      throw new Error(await scriptFault(url, message));
    }));
  }

  /** The book's own entry for a source. */
  entry(id) {
    const page = this.base("../../book/sources.html");
    return `${page.origin}${page.pathname}#source-${id}`;
  }

  /** Of the buttons that set a view, the one whose state it shows is pressed. */
  shown(view) {
    /** @type {NodeListOf<HTMLAnchorElement>} */
    const buttons = document.querySelectorAll(`.buttons a[href^="#${CSS.escape(view.root.id)}?"]`);
    for (const button of buttons) {
      const state = view.requested(wished(button.hash)?.params ?? new URLSearchParams());
      if (same(state, view.state)) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
  }

  start() {
    this.engine.start(this.views.map((view) => question(view, view.first)));
  }

  /** @returns {Promise<import("./types").Result>} */
  async ask(view, state) {
    const prepared = this.prepared.get(view);
    if (this.engine.state !== "live" || same(state, view.first)) {
      const known = await prepared?.find(state);
      if (known) return known;
      this.start();
      if (this.engine.state === "starting") this.sayStarting(view, prepared?.fault);
    }
    const result = await this.engine.ask(view, state);
    if (!result.unknown) return result;
    const known = await prepared?.find(state);
    return known ?? { unknown: [result.unknown, prepared?.fault].filter(Boolean).join(" Also: ") };
  }

  sayStarting(view, fault) {
    view.say("Python is starting; this table comes with it.");
    const progress = h("span", { class: "live-progress", "aria-hidden": "true" }, this.engine.progress);
    view.message.append(" ", progress, fault ? ` (${fault}.)` : ""); // numbers that run are not for the ear
  }

  /** A reader's wish after a failure. */
  again(view) {
    this.engine.again();
    if (view.root.dataset.shown === "nothing") view.move(view.state);
  }

  entered(view, state) {
    view.status(state);
    const { reason } = this.engine;
    const lasting = state === "failed" ? `${reason}, so only the moves computed beforehand are answered.` : "";
    if (lasting || view.lasting) {
      view.lasting = lasting;
      view.say();
    }
    if (state === "live" && view.root.dataset.shown === "nothing") view.move(view.state);
  }
}

/** Brings every `Live` of a published page to life; `script` is the element that loaded this module. */
export function publish(script) {
  const { search } = new URL(script.src); // carries the version of all our files
  const base = (name) => new URL(name + search, script.src);
  const site = new Site(base);
  const never = new AbortController().signal; // a page's Lives last as long as the page
  /** @type {NodeListOf<HTMLElement>} */
  const roots = document.querySelectorAll(".live[data-live]");
  site.views = [...roots].map((root) => new View(root, site, never));
  for (const view of site.views) {
    site.prepared.set(view, new Prepared(view, base(`results/${script.dataset.livePage}--${view.root.id}.json`)));
  }
  offerPlays(site);
  if (site.views.length) startWhenIdle(() => site.start());
  for (const view of site.views) site.shown(view);
  followLinks(new Map(site.views.map((view) => [view.root.id, view])));
  followMoved(base);
  explanations(document.body, never, ".live-figure, .live-word"); // the marked figures and words of the text
  performance.mark("live: controls ready");
}

/** Small models that write in the page: their script, their worker and their files come when a reader asks. */
function offerPlays(site) {
  const progress = (done, all) => {
    if (done === all) return; // what comes then says so itself
    const text = `The small model is coming: ${megabytes(done)} of ${megabytes(all)} MB.`;
    document.querySelectorAll(".play-offer .play-said").forEach((place) => (place.textContent = text));
  };
  const worker = new ModelWorker(site.base("decoder.js"), progress);
  const ask = (question, given) => worker.ask(question, given);
  for (const view of site.views) {
    offerPlay(view, async (section) => {
      const url = site.base("play.js");
      const { play } = await import(url.href).catch(async ({ message }) => {
        throw new Error(await scriptFault(url, message));
      });
      await play(view, section, ask);
    });
  }
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
    try {
      history.replaceState({ ...history.state, left }, "");
    } catch {
      // A browser that counts such notes and has had enough of them: going back then brings the first table.
    }
  };
  const restore = (left) => {
    for (const [id, view] of views) {
      const state = Object.hasOwn(left, id) && held(view, left[id]); // the note may be of an older page
      if (state && !same(view.state, state)) view.move(state);
    }
  };
  follow(location.hash, arrive);
  addEventListener("hashchange", () => {
    const left = history.state?.left;
    if (left && typeof left === "object") restore(left);
    else follow(location.hash);
  });
  document.addEventListener("click", ({ target }) => {
    const link = target instanceof Element && /** @type {HTMLAnchorElement | null} */ (target.closest("a[href]"));
    if (!link || !link.hash || link.pathname !== location.pathname) return;
    // The same link once more changes no address, but the reader may have moved something since.
    if (link.hash === location.hash) follow(link.hash);
    else if (link.hash.includes("?")) leave();
  });
}
