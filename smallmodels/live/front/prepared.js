// The results computed when the book was built: each control over its values, the others at their first.
// They are fetched when a pointer or the keyboard comes to their widget, or a link moves it.
import { fileName, missing, unreachable } from "./faults.js";
import { canonical, same } from "./values.js";

const PREPARED_PATIENCE = 20_000; // milliseconds for a file of them, which is small

async function fetched(address) {
  const name = fileName(address);
  const options = { signal: AbortSignal.timeout(PREPARED_PATIENCE) };
  const response = await fetch(address, options).catch(() => Promise.reject(unreachable(name)));
  if (!response.ok) throw missing(name, response.status);
  const { texts, states } = await response.json().catch(() => Promise.reject(new Error(`${name} is damaged`)));
  return { texts, states: new Map(states.map(([n, v, result]) => [`${n}=${canonical(v)}`, result])) };
}

export class Prepared {
  /** @type {Promise<any> | undefined} */
  file;
  fault = ""; // what is wrong with the file, if anything

  constructor(view, address) {
    this.view = view;
    this.first = view.result;
    this.address = address;
    for (const event of ["pointerover", "focusin"]) view.root.addEventListener(event, () => this.load(), { once: true });
  }

  /** The file; without it every move waits for Python, nothing else is lost. */
  load() {
    if (this.view.controls.length === 0) return Promise.resolve(undefined);
    return (this.file ??= fetched(this.address).catch(({ message }) => void (this.fault = message)));
  }

  /** The result of a state that was computed beforehand; nothing for any other. */
  async find(state) {
    if (same(state, this.view.first)) return this.first;
    const moved = Object.keys(state).filter((name) => canonical(state[name]) !== canonical(this.view.first[name]));
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
    ...Object.fromEntries(["html", "finding", "verdict", "csv", "markdown"].map((part) => [part, whole(packed[part])])),
    ...Object.fromEntries(["notes", "sources", "record"].map((part) => [part, each(packed[part])])),
    series: Object.fromEntries(series),
    choices: packed.choices,
    nearest: packed.nearest,
  };
}
