// Explanations on hover, focus and touch, and a table that is one stop of the Tab key.
import { h } from "./dom.js";
import { NARROW } from "./place.js";

/** Puts a tip over a place, or below one at the top of the screen. */
function placeTip(tip, rect) {
  const left = rect.left + rect.width / 2 - tip.offsetWidth / 2;
  const above = rect.top - tip.offsetHeight - 6;
  tip.style.left = `${Math.max(8, Math.min(left, document.documentElement.clientWidth - tip.offsetWidth - 8))}px`;
  tip.style.top = `${above < 8 ? rect.bottom + 6 : above}px`;
}

/** Shows what the elements that match `marked` say of themselves, wherever they are under `root`. `source` finds the
 * link to the source that a text names: it stands with the text, and Enter follows it. */
export function explanations(root, signal, marked = ".live-why", source = (_text) => null) {
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
  const place = (rect) => placeTip(tip, rect);
  const show = (text, rect, of) => {
    clearTimeout(leaving);
    owner = of;
    tip.textContent = text;
    const link = of && source(text);
    if (link) tip.append(" ", link);
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
  const leave = ({ pointerType, target }) => {
    // Time enough to move on to the explanation itself; what has the focus keeps its explanation.
    if (pointerType === "touch" || !target.closest(`${marked}, .live-tip`)) return;
    leaving = setTimeout(() => owner === document.activeElement || hide(), 200);
  };
  on(root, "pointerover focusin click", enter);
  on(root, "pointerout", leave);
  on(root, "focusout", hide);
  on(document, "keydown", (event) => event.key === "Escape" && hide());
  on(root, "keydown", ({ key, target }) => key === "Enter" && target === owner && tip.querySelector("a")?.click());
  on(document, "pointerdown", ({ target }) => target.closest(`${marked}, .live-tip`) || hide());
  on(document, "scroll", () => owner && place(owner.getBoundingClientRect()), { capture: true, passive: true });
  return { show, hide };
}

/** Makes a table's explained figures one stop of the Tab key: arrows go on from figure to figure. */
export function walkable(scroll, signal) {
  const whys = () => {
    const all = [...scroll.querySelectorAll("table .live-why")];
    return NARROW.matches ? all.filter((why) => !why.closest(".rest")) : all;
  };
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
