// A notebook: the kernel computes.
import { Questions } from "./asking.js";
import { visit, wished } from "./links.js";
import { offerPlay } from "./offer.js";
import { same } from "./values.js";
import { View } from "./view.js";

const SILENCE = 5_000; // milliseconds a kernel may leave a move unanswered before that is said

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
  state = "kernel";
  links = false;
  lost = false; // whether the kernel is known to have forgotten the widget
  /** @type {((result: import("./types").Result) => void) | null} */
  waiting = null;

  constructor(model) {
    this.model = model;
    this.drawing = model.get("drawing");
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

/**
 * Draws a `Live` whose Python side is `model` into `el`; returns the clean-up.
 * @param {{model: any, el: HTMLElement}} widget
 * @param {((view: View, section: HTMLElement, ask: Function) => Promise<void>) | null} play of a `Play`
 */
export function render({ model, el }, play = null) {
  const leaving = new AbortController();
  const kernel = new Kernel(model);
  el.innerHTML = model.get("html");
  const view = new View(/** @type {HTMLElement} */ (el.querySelector(".live")), kernel, leaving.signal);
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
  if (play) offerPlay(view, (section) => play(view, section, asker(model, leaving.signal)));
  followClicks(view, leaving.signal);
  keepKeys(view.root, leaving.signal);
  return () => {
    for (const [event, act] of events) model.off(event, act);
    leaving.abort();
  };
}

/** Questions to the small model, which a kernel's PyTorch answers. */
function asker(model, signal) {
  const questions = new Questions((message) => model.send({ play: message }));
  const hear = (content) => content?.played && questions.heard(content.played);
  model.on("msg:custom", hear);
  signal.addEventListener("abort", () => model.off("msg:custom", hear));
  return (question, given) => questions.ask(question, given);
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

/** Keys belong to the control that has the focus: a notebook would take arrows for its cells, and "x" to cut one. */
function keepKeys(root, signal) {
  const keep = (event) => {
    const { key, target, shiftKey, ctrlKey, metaKey, altKey } = event;
    const command = ctrlKey || metaKey || altKey || key === "Escape" || (shiftKey && key === "Enter");
    if (target !== root && !command) event.stopPropagation();
  };
  root.addEventListener("keydown", keep, { signal });
}
