// Keeps the book: what a page has loaded, and once Python runs there what every other page needs, so that the
// next visit and the next chapter need no network. Placed at the root of the book by book/ext/offline.py, which
// fills in the version and the list of files.
const VERSION = "@version@";
const FILES = ["@files@"];
const worker = /** @type {any} */ (self); // a service worker, which the types of a page do not know
const { registration, clients } = worker;
const PREFIX = `book ${registration.scope} `;
const KEPT = PREFIX + VERSION;
const PATIENCE = 3000; // milliseconds for a page to come, before a kept one is shown

const versioned = (url) => url.searchParams.has("v"); // its content never changes under that address
// A page is asked for anew, whatever the browser thinks of its age; a server answers in a line where it is not.
const anew = (request) =>
  request.mode === "navigate" ? fetch(request.url, { cache: "no-cache", redirect: "manual" }) : fetch(request);
const whole = (answer) => answer.status === 200 && answer.type === "basic" && !answer.redirected;

async function store(request, answer) {
  if (whole(answer)) await (await caches.open(KEPT)).put(request, answer.clone());
  return answer;
}

/** From the network and kept; what was kept before where the network fails, or is silent for long. */
async function freshFirst(event, request) {
  const kept = (await caches.open(KEPT)).match(request, { ignoreSearch: true });
  const asked = anew(request).then((answer) => store(request, answer));
  event.waitUntil(asked.catch(() => undefined));
  const late = new Promise((_resolve, reject) => setTimeout(reject, PATIENCE));
  return Promise.race([asked, late]).catch(async () => (await kept) ?? asked);
}

async function keptFirst(event, request) {
  const kept = await (await caches.open(KEPT)).match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  event.waitUntil(store(request, answer.clone()));
  return answer;
}

/** Fetches what is not kept yet, one file after the other, from the browser's own cache where it is there. */
async function ahead() {
  const kept = await caches.open(KEPT);
  for (const file of FILES) {
    const url = new URL(file, registration.scope);
    if (await kept.match(url)) continue;
    const request = new Request(url, versioned(url) ? { cache: "force-cache" } : {});
    await fetch(request).then((answer) => store(request, answer)).catch(() => undefined);
  }
}

async function takeOver() {
  const others = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== KEPT);
  await Promise.all(others.map((name) => caches.delete(name)));
  await clients.claim();
}

worker.addEventListener("install", () => worker.skipWaiting());
worker.addEventListener("activate", (event) => event.waitUntil(takeOver()));
worker.addEventListener("message", (event) => event.data === "ahead" && event.waitUntil(ahead()));
worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  // A reader who reloads, and who tries again, asks the network.
  const forced = request.cache === "reload" || request.cache === "no-store";
  if (request.method !== "GET" || forced || !request.url.startsWith(registration.scope)) return;
  event.respondWith(versioned(url) ? keptFirst(event, request) : freshFirst(event, request));
});
