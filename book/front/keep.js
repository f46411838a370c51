// Asks the browser to keep the book (sw.js): when the page has loaded, and the rest once Python is up, so that
// nothing that is being waited for comes later.
const BOOK = new URL("../../", import.meta.url);
const WAIT = 500; // milliseconds between two looks

const starting = () => [...document.querySelectorAll("[data-live]")].some((root) =>
  ["static", "starting"].includes(/** @type {HTMLElement} */ (root).dataset.state ?? ""));
const saving = () => /** @type {any} */ (navigator).connection?.saveData === true;

async function register() {
  await navigator.serviceWorker.register(new URL("sw.js", BOOK), { scope: BOOK.pathname });
  const { active } = await navigator.serviceWorker.ready;
  const told = () => (starting() ? setTimeout(told, WAIT) : active?.postMessage("ahead"));
  if (!saving()) told();
}

/** Does nothing where a browser keeps no pages: from a file, in a private window, or where it is forbidden. */
export function keep() {
  if (!("serviceWorker" in navigator) || !location.protocol.startsWith("http")) return;
  const begin = () => register().catch(() => undefined);
  if (document.readyState === "complete") begin();
  else addEventListener("load", begin);
}
