// What surrounds the text: colour mode, search, the lists at both sides, and copying code. It stands in for
// the theme's own scripts, which bring a framework that no page of this book needs.
import { keep } from "./keep.js";

const root = document.documentElement;
const all = (selector, within = document) => /** @type {HTMLElement[]} */ ([...within.querySelectorAll(selector)]);
const dialog = (id) => /** @type {HTMLDialogElement | null} */ (document.getElementById(id));
const system = matchMedia("(prefers-color-scheme: dark)");
const MODES = ["auto", "light", "dark"];

/** Light, dark, or what the system says; kept for the next page where storage is allowed. */
function colourMode() {
  const show = () => {
    const { mode } = root.dataset;
    root.dataset.theme = mode === "light" || mode === "dark" ? mode : system.matches ? "dark" : "light";
  };
  const next = () => {
    // Each press changes what is seen, as long as there is something else to see.
    const order = system.matches ? ["auto", "light", "dark"] : ["auto", "dark", "light"];
    root.dataset.mode = order[(order.indexOf(root.dataset.mode ?? "auto") + 1) % order.length];
    try {
      localStorage.setItem("mode", root.dataset.mode);
    } catch {
      // The choice holds for this page only.
    }
    show();
  };
  if (!MODES.includes(root.dataset.mode ?? "")) root.dataset.mode = "auto";
  show();
  system.addEventListener("change", show);
  addEventListener("beforeprint", () => { root.dataset.theme = "light"; }); // paper is white
  addEventListener("afterprint", show);
  for (const button of all(".theme-switch-button")) button.addEventListener("click", next);
}

/** Closes a dialog on a press beside it. */
const closeOutside = (box) =>
  box.addEventListener("click", ({ target, clientX, clientY }) => {
    const { left, right, top, bottom } = box.getBoundingClientRect();
    if (target === box && (clientX < left || clientX > right || clientY < top || clientY > bottom)) box.close();
  });

/** The search box opens from its buttons and from Ctrl+K (Command+K on a Mac). */
function search() {
  const box = dialog("pst-search-dialog");
  if (!box) return;
  const mac = /^(Mac|iPhone|iPad)/.test(navigator.platform);
  if (mac) for (const key of all(".search-button__kbd-shortcut kbd:first-child")) key.textContent = "⌘";
  const turn = () => {
    const own = document.querySelector("main form.bd-search input"); // the search page has its box in the page
    if (own instanceof HTMLInputElement) own.focus();
    else if (box.open) box.close();
    else box.showModal();
  };
  closeOutside(box);
  for (const button of all(".search-button__button")) button.addEventListener("click", turn);
  addEventListener("keydown", (event) => {
    const wanted = (mac ? event.metaKey : event.ctrlKey) && !event.shiftKey && !event.altKey;
    if (!wanted || event.key.toLowerCase() !== "k") return;
    event.preventDefault();
    turn();
  });
}

/** On narrow screens a side's list opens over the page; what it holds moves there and back. */
function side(name) {
  const [panel, box] = [document.getElementById(`pst-${name}-sidebar`), dialog(`pst-${name}-sidebar-modal`)];
  const button = document.querySelector(`.${name}-toggle`);
  if (!panel || !box || !(button instanceof HTMLElement)) return;
  const move = (from, to) => {
    to.append(...from.childNodes);
    to.classList.add(...from.classList);
    from.className = "";
  };
  button.addEventListener("click", () => {
    if (name === "primary" && matchMedia("(min-width: 992px)").matches) {
      panel.classList.toggle("pst-sidebar-hidden");
      return;
    }
    move(panel, box);
    box.showModal();
  });
  box.addEventListener("close", () => {
    move(box, panel);
    button.focus();
  });
  box.addEventListener("click", ({ target }) => {
    if (target instanceof Element && target.closest("a[href*='#']")) box.close();
  });
  closeOutside(box);
}

/** Contents marks the section that is being read: the last whose heading has passed the top of the screen. */
function contents() {
  const links = all("#pst-page-toc-nav a[href^='#']");
  const sections = links.map((link) => document.getElementById(decodeURIComponent(link.getAttribute("href")?.slice(1) ?? "")));
  const mark = () => {
    const line = innerHeight * 0.3;
    const passed = sections.map((section) => section !== null && section.getBoundingClientRect().top <= line);
    const current = links[passed.lastIndexOf(true)];
    for (const link of links) {
      link.classList.toggle("active", link === current);
      if (link === current) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  };
  let waiting = 0;
  const soon = () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(mark);
  };
  if (!links.length) return;
  for (const event of ["scroll", "resize", "hashchange"]) addEventListener(event, soon, { passive: true });
  mark();
}

/** The list of contents folds itself away while something wide stands beside it. */
function makeRoom() {
  const list = document.querySelector(".bd-sidebar-secondary");
  if (!list) return;
  const beside = new Set();
  const watch = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) isIntersecting ? beside.add(target) : beside.delete(target);
    list.classList.toggle("hide", beside.size > 0);
  }, { rootMargin: "0px 0px -33% 0px" });
  for (const wide of all(".full-width, .margin, .sidebar")) watch.observe(wide);
}

/** Code that can be copied has a button; what is wider than its box can be scrolled by keyboard. */
function code() {
  for (const block of all("div.highlight")) {
    const text = block.querySelector("pre");
    if (!text || !navigator.clipboard || block.closest(".live")) continue;
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "copy-code", textContent: "Copy" });
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(text.innerText).catch(() => {});
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
    block.append(button);
  }
  const reach = () => {
    for (const box of all("pre, .pst-scrollable-table-container, .math-block")) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  };
  new ResizeObserver(reach).observe(document.body);
}

colourMode();
search();
side("primary");
side("secondary");
contents();
makeRoom();
code();
keep();
