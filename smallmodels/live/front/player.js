// Answers a page's questions to the small model: begin a text, write on, measure a loss. `lab/play.py` gives a
// kernel the same answers.
import { Decoder } from "./decoder.js";
import { ALPHABET, encoded } from "./language.js";

const ROOM = 8_000; // characters of one text, where no window limits the cache

/** Numbers from 0 to below 1, the same for the same seed: mulberry32, by Tommy Ettinger, 2017. */
export function chances(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Probabilities of logits, at a temperature. */
export function shares(logits, temperature = 1) {
  const most = Math.max(...logits);
  const raised = Array.from(logits, (logit) => Math.exp((logit - most) / temperature));
  const all = raised.reduce((sum, one) => sum + one, 0);
  return raised.map((one) => one / all);
}

/** The likeliest at a temperature of 0, else the one on which the chance falls. */
export function drawn(logits, temperature, chance) {
  if (temperature === 0) return logits.indexOf(Math.max(...logits));
  let left = chance;
  const found = shares(logits, temperature).findIndex((share) => (left -= share) < 0);
  return found < 0 ? logits.length - 1 : found;
}

/** One text as it grows, with its cache. */
class Writer {
  constructor(model, window, text, luck, language) {
    this.model = model;
    this.text = text;
    this.luck = luck;
    this.language = language;
    this.cache = model.cache(ROOM, window);
    /** @type {Float32Array[][]} shares by layer and head */
    this.attention = [];
    this.read(encoded(text));
  }

  /** Reads on; what its heads look at is kept where it is asked for. */
  read(tokens, looked = true) {
    if (!looked) {
      this.logits = this.model.read(tokens, this.cache, { last: true });
      return;
    }
    const { layers, heads } = this.model.shape;
    this.attention = Array.from({ length: layers }, () => new Array(heads));
    const watch = (layer, head, row) => (this.attention[layer][head] = row);
    this.logits = this.model.read(tokens, this.cache, { last: true, watch });
  }

  /** One character: itself, its surprise to the model, its surprise in the language or null. */
  step(temperature, looked) {
    const likely = shares(this.logits);
    const known = this.language.next(this.text);
    const token = drawn(this.logits, temperature, this.luck());
    this.text += ALPHABET[token];
    this.read([token], looked);
    return [ALPHABET[token], -Math.log(likely[token]), known?.[token] ? -Math.log(known[token]) : null];
  }

  seen() {
    return { model: shares(this.logits), language: this.language.next(this.text), attention: this.attention };
  }
}

/** The models by KV heads and bits, and what is written with them by the page's writers. */
export class Player {
  /** @type {Map<string, Writer>} */
  writers = new Map();
  /** @type {Map<string, Promise<Decoder>>} */
  models = new Map();

  /**
   * @param {(kvHeads: number) => Promise<{shape: import("./decoder.js").Shape, tensors: Map<string, any>}>} checkpoint
   * @param {import("./language.js").Language} language
   * @param {string[]} texts held out
   */
  constructor(checkpoint, language, texts) {
    this.checkpoint = checkpoint;
    this.language = language;
    this.texts = texts;
  }

  model(kvHeads, bits) {
    const name = `${kvHeads} ${bits}`;
    const made = () => this.checkpoint(kvHeads).then(({ shape, tensors }) => new Decoder(shape, tensors, bits));
    if (!this.models.has(name)) this.models.set(name, made());
    const model = /** @type {Promise<Decoder>} */ (this.models.get(name));
    model.catch(() => this.models.delete(name)); // a file that did not come may come the next time
    return model;
  }

  async begin({ id, n_kv_heads, bits, window, text, seed = null }) {
    const model = await this.model(n_kv_heads, bits);
    const before = this.writers.get(id);
    const luck = seed === null && before ? before.luck : chances(seed ?? 0);
    const writer = new Writer(model, window, text, luck, this.language);
    this.writers.set(id, writer);
    return writer.seen();
  }

  async write({ id, count, temperature }) {
    const writer = this.writers.get(id);
    if (!writer) throw new Error("No text was begun.");
    const start = performance.now();
    const written = Array.from({ length: count }, (_, i) => writer.step(temperature, i === count - 1));
    return { written, seconds: (performance.now() - start) / 1000, ...writer.seen() };
  }

  async measure({ n_kv_heads, bits, window, at }) {
    const model = await this.model(n_kv_heads, bits);
    const tokens = encoded(this.texts[at]);
    const logits = model.read(tokens.slice(0, -1), model.cache(tokens.length, window));
    const { vocab } = model.shape;
    const nats = (token, t) => -Math.log(shares(logits.subarray(t * vocab, (t + 1) * vocab))[token]);
    const surprises = tokens.slice(1).map(nats);
    return { surprises, exact: this.language.surprises(this.texts[at]), last: at === this.texts.length - 1 };
  }

  answer(question, given) {
    if (!["begin", "write", "measure"].includes(question)) throw new Error(`${question} is no question.`);
    return this[question](given);
  }
}
