// The small model in the reader's browser: a decoder of Mistral's kind, the sums of `lab/model.py` once more.
//
// Read from below: `Decoder.read` takes tokens through layers of attention and SwiGLU, `Cache` keeps what
// later tokens look at, `multiply` is where the time goes. A vector is a Float32Array; sums are doubles.

/** @typedef {{name: string, shape: number[], data: Float32Array}} Tensor */
/** @typedef {{vocab: number, width: number, layers: number, heads: number, kvHeads: number, headDim: number,
 *   ffn: number, window: number | null, theta: number, eps: number, tied: boolean}} Shape */

export const GROUP = 32; // weights of a row that share a scale; the last of a row may be fewer
const BLOCK = 16; // tokens that go through a layer together, so that a weight is fetched once for all of them

/* ------------------------------------------------------------------ the files */

/** All that a half-precision number can be, by its 16 bits. */
const halves = () => Float32Array.from({ length: 65536 }, (_, bits) => {
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -24 * fraction);
});

/** The number nearest to `x` that half precision has, ties to the even one. */
export function toHalf(x) {
  const size = Math.abs(x);
  if (size >= 65520) return Math.sign(x) * Infinity;
  const unit = 2 ** Math.max(Math.floor(Math.log2(size || 1)) - 10, -24);
  return Math.sign(x) * even(size / unit) * unit;
}

/** The nearest whole number, ties to the even one, as NumPy and PyTorch round. */
const even = (x) => {
  const low = Math.floor(x);
  if (x - low !== 0.5) return Math.round(x);
  return low % 2 ? low + 1 : low;
};

/**
 * The weights of a safetensors file by name: eight bytes of length, a list in JSON, the numbers.
 * @param {ArrayBuffer} buffer
 * @returns {Map<string, Tensor>}
 */
export function safetensors(buffer) {
  const damaged = (why) => new Error(`The weights are damaged: ${why}.`);
  if (buffer.byteLength < 8) throw damaged("the file ends before it begins");
  const start = 8 + Number(new DataView(buffer).getBigUint64(0, true));
  if (start > buffer.byteLength) throw damaged("their list is longer than the file");
  const table = halves();
  const list = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, start - 8)));
  const read = ([name, { dtype, shape, data_offsets: [from, to] }]) => {
    const count = shape.reduce((product, size) => product * size, 1);
    const size = { F16: 2, F32: 4 }[dtype];
    if (!size) throw new Error(`${name} is stored as ${dtype}; this engine reads F16 and F32.`);
    if (to - from !== size * count || start + to > buffer.byteLength) throw damaged(`${name} has another size`);
    const bytes = buffer.slice(start + from, start + to); // a number must not straddle its place in memory
    const data = size === 2 ? Float32Array.from(new Uint16Array(bytes), (bits) => table[bits]) : new Float32Array(bytes);
    return /** @type {[string, Tensor]} */ ([name, { name, shape, data }]);
  };
  return new Map(Object.entries(list).filter(([name]) => name !== "__metadata__").map(read));
}

/**
 * The shape that a `config.json` describes; an Error, in one sentence, for what is not computed here.
 * @returns {Shape}
 */
export function shapeOf(config) {
  const refuse = (key) => {
    throw new Error(`config.json: ${key} is ${JSON.stringify(config[key])}, which this engine does not compute.`);
  };
  if (!["mistral", "llama"].includes(config.model_type)) refuse("model_type");
  if (config.hidden_act !== "silu") refuse("hidden_act");
  const rope = config.rope_parameters ?? {};
  if ((rope.rope_type ?? "default") !== "default") refuse("rope_parameters");
  const heads = config.num_attention_heads;
  const kvHeads = config.num_key_value_heads ?? heads;
  if (heads % kvHeads) refuse("num_key_value_heads");
  return {
    vocab: config.vocab_size,
    width: config.hidden_size,
    layers: config.num_hidden_layers,
    heads,
    kvHeads,
    headDim: config.head_dim ?? config.hidden_size / heads,
    ffn: config.intermediate_size,
    window: config.sliding_window ?? null,
    theta: rope.rope_theta ?? config.rope_theta ?? 10_000,
    eps: config.rms_norm_eps,
    tied: config.tie_word_embeddings,
  };
}

/**
 * A matrix rounded to so many bits: in each group of a row, whole numbers times a scale of half precision.
 * 16 bits leave it as it is. An Error for other than 2 to 8 bits.
 * @param {Float32Array} weights (rows, columns)
 */
export function quantised(weights, columns, bits) {
  if (bits === 16) return weights;
  if (!(Number.isInteger(bits) && bits >= 2 && bits <= 8)) throw new Error(`Weights have 16 bits, or 2 to 8, not ${bits}.`);
  const most = 2 ** (bits - 1) - 1;
  const rounded = new Float32Array(weights.length);
  for (let row = 0; row < weights.length; row += columns) {
    for (let from = row; from < row + columns; from += GROUP) {
      const to = Math.min(from + GROUP, row + columns);
      let largest = 0;
      for (let i = from; i < to; i++) largest = Math.max(largest, Math.abs(weights[i]));
      const scale = toHalf(Math.fround(largest / most));
      for (let i = from; i < to && scale; i++) {
        const number = even(Math.fround(weights[i] / scale));
        rounded[i] = Math.max(-most, Math.min(most, number)) * scale;
      }
    }
  }
  return rounded;
}

/* ------------------------------------------------------------------ the sums */

/**
 * `y[t] = W x[t]` for n vectors. Four rows at once for one vector, two rows by four vectors for more: each
 * number fetched then serves several products.
 */
function multiply({ rows, columns, data: w }, x, y, n) {
  let t = 0;
  for (; t + 4 <= n; t += 4) four(w, rows, columns, x, y, t);
  for (; t < n; t++) one(w, rows, columns, x, y, t);
}

function one(w, rows, columns, x, y, t) {
  const from = t * columns;
  const to = t * rows;
  let r = 0;
  for (; r + 4 <= rows; r += 4) {
    const w0 = r * columns;
    const w1 = w0 + columns;
    const w2 = w1 + columns;
    const w3 = w2 + columns;
    let a = 0, b = 0, c = 0, d = 0;
    for (let i = 0; i < columns; i++) {
      const value = x[from + i];
      a += w[w0 + i] * value;
      b += w[w1 + i] * value;
      c += w[w2 + i] * value;
      d += w[w3 + i] * value;
    }
    y[to + r] = a;
    y[to + r + 1] = b;
    y[to + r + 2] = c;
    y[to + r + 3] = d;
  }
  for (; r < rows; r++) {
    let sum = 0;
    for (let i = 0; i < columns; i++) sum += w[r * columns + i] * x[from + i];
    y[to + r] = sum;
  }
}

function four(w, rows, columns, x, y, t) {
  const x0 = t * columns;
  const x1 = x0 + columns;
  const x2 = x1 + columns;
  const x3 = x2 + columns;
  for (let r = 0; r < rows; r += 2) {
    const w0 = r * columns;
    const w1 = r + 1 < rows ? w0 + columns : w0; // an odd last row is computed twice
    let a0 = 0, a1 = 0, a2 = 0, a3 = 0, b0 = 0, b1 = 0, b2 = 0, b3 = 0;
    for (let i = 0; i < columns; i++) {
      const u = w[w0 + i];
      const v = w[w1 + i];
      a0 += u * x[x0 + i];
      b0 += v * x[x0 + i];
      a1 += u * x[x1 + i];
      b1 += v * x[x1 + i];
      a2 += u * x[x2 + i];
      b2 += v * x[x2 + i];
      a3 += u * x[x3 + i];
      b3 += v * x[x3 + i];
    }
    const second = w1 === w0 ? 0 : 1;
    const at = t * rows + r;
    y[at + second] = b0;
    y[at] = a0;
    y[at + rows + second] = b1;
    y[at + rows] = a1;
    y[at + 2 * rows + second] = b2;
    y[at + 2 * rows] = a2;
    y[at + 3 * rows + second] = b3;
    y[at + 3 * rows] = a3;
  }
}

/** Each of n vectors over its root mean square, times the weights (Zhang and Sennrich 2019). */
function rmsNorm(x, weights, eps, y, n) {
  const width = weights.length;
  for (let from = 0; from < n * width; from += width) {
    let squares = 0;
    for (let i = 0; i < width; i++) squares += x[from + i] ** 2;
    const by = 1 / Math.sqrt(squares / width + eps);
    for (let i = 0; i < width; i++) y[from + i] = x[from + i] * by * weights[i];
  }
}

/** Turns the heads of n vectors by their positions: number i of a head is paired with i + half (Su et al. 2021). */
function rotate(x, { headDim }, periods, first, n) {
  const half = headDim / 2;
  const size = x.length / BLOCK;
  for (let t = 0; t < n; t++) {
    for (let i = 0; i < half; i++) {
      const angle = Math.fround((first + t) / periods[i]); // as exact as PyTorch's
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
      for (let at = t * size + i; at < (t + 1) * size; at += headDim) {
        const [a, b] = [x[at], x[at + half]];
        x[at] = a * cos - b * sin;
        x[at + half] = b * cos + a * sin;
      }
    }
  }
}

const add = (x, y, n) => {
  for (let i = 0; i < n; i++) x[i] += y[i];
};

/* ------------------------------------------------------------------ the cache */

/**
 * Keys and values of the tokens read so far. With a window the buffer rolls: position p lies in slot
 * p % window, so the newest takes the place of the one that nobody will see again.
 */
export class Cache {
  length = 0;

  /**
   * @param {Shape} shape
   * @param {number | null} window tokens that one sees, itself included; null sees all
   * @param {number} capacity the longest text that must fit, where the buffer does not roll
   */
  constructor(shape, window, capacity, rolling = true) {
    if (window !== null && !(window >= 1)) throw new Error(`A window of ${window} sees nothing; it must be 1 or more.`);
    this.window = window;
    this.slots = rolling && window !== null ? Math.min(window, capacity) : capacity;
    this.rolls = this.slots === window;
    const room = () => Array.from({ length: shape.layers }, () => new Float32Array(this.slots * shape.kvHeads * shape.headDim));
    this.keys = room();
    this.values = room();
  }

  /** The first position that the token at `position` sees. */
  oldest(position) {
    return this.window === null ? 0 : Math.max(0, position - this.window + 1);
  }

  require(n) {
    if (this.rolls || this.length + n <= this.slots) return;
    throw new Error(`The cache holds ${this.slots} tokens; ${this.length + n} do not fit.`);
  }
}

/* ------------------------------------------------------------------ the model */

const LAYER = {
  attentionNorm: "input_layernorm",
  q: "self_attn.q_proj",
  k: "self_attn.k_proj",
  v: "self_attn.v_proj",
  out: "self_attn.o_proj",
  ffnNorm: "post_attention_layernorm",
  gate: "mlp.gate_proj",
  up: "mlp.up_proj",
  down: "mlp.down_proj",
};

/** What a block of tokens is computed in, made once: the stream `x`, and what is read from it and added. */
function roomFor({ width, heads, kvHeads, headDim, ffn, vocab }) {
  const block = (size) => new Float32Array(BLOCK * size);
  const [query, shared] = [heads * headDim, kvHeads * headDim];
  const stream = { x: block(width), normed: block(width), added: block(width), logits: block(vocab) };
  return { ...stream, q: block(query), read: block(query), k: block(shared), v: block(shared), gate: block(ffn), up: block(ffn) };
}

/** Tokens in, logits of the token after them out. */
export class Decoder {
  /**
   * @param {Shape} shape
   * @param {Map<string, Tensor>} tensors as transformers names them
   * @param {number} bits of the matrices of the layers and of the output; the rest stays as it is
   */
  constructor(shape, tensors, bits = 16) {
    this.shape = shape;
    const { width, heads, kvHeads, headDim, ffn, layers, vocab } = shape;
    const find = (name, rows, columns) => {
      const tensor = tensors.get(`${name}.weight`);
      if (!tensor) throw new Error(`The checkpoint lacks ${name}.weight.`);
      if (tensor.data.length !== rows * columns) throw new Error(`${name}.weight has shape ${tensor.shape}; the configuration asks for ${rows} x ${columns}.`);
      return tensor.data;
    };
    const matrix = (name, rows, columns) => ({ rows, columns, data: quantised(find(name, rows, columns), columns, bits) });
    const rows = { q: heads * headDim, k: kvHeads * headDim, v: kvHeads * headDim, out: width, gate: ffn, up: ffn, down: width };
    const columns = { out: heads * headDim, down: ffn };
    const part = (layer, key) => {
      const name = `model.layers.${layer}.${LAYER[key]}`;
      return key in rows ? matrix(name, rows[key], columns[key] ?? width) : find(name, 1, width);
    };
    this.layers = Array.from({ length: layers }, (_, layer) => Object.fromEntries(Object.keys(LAYER).map((key) => [key, part(layer, key)])));
    this.embedding = find("model.embed_tokens", vocab, width);
    this.norm = find("model.norm", 1, width);
    this.head = matrix(shape.tied ? "model.embed_tokens" : "lm_head", vocab, width);
    this.periods = Array.from({ length: headDim / 2 }, (_, i) => Math.fround(shape.theta ** Math.fround((2 * i) / headDim)));
    this.room = roomFor(shape);
    this.scores = new Float64Array(1024);
  }

  /** An empty cache for texts of up to `capacity` tokens; the window is the model's own unless another is given. */
  cache(capacity, window = this.shape.window, rolling = true) {
    return new Cache(this.shape, window, capacity, rolling);
  }

  /**
   * The logits after each of `tokens`, which continue what the cache has seen: (n, vocab), one row after the
   * other; with `last` only those after the last. `watch(layer, head, shares)` is told what each head of the
   * last token looks at, from the oldest position that it sees to its own.
   */
  read(tokens, cache, { last = false, watch = undefined } = {}) {
    cache.require(tokens.length);
    const { vocab } = this.shape;
    const logits = new Float32Array((last ? 1 : tokens.length) * vocab);
    for (let from = 0; from < tokens.length; from += BLOCK) {
      const block = tokens.slice(from, from + BLOCK);
      const ends = from + BLOCK >= tokens.length;
      this.block(block, cache, ends ? watch : undefined);
      if (last && !ends) continue;
      const kept = last ? 1 : block.length;
      const skipped = (block.length - kept) * this.shape.width;
      multiply(this.head, this.room.normed.subarray(skipped), this.room.logits, kept);
      logits.set(this.room.logits.subarray(0, kept * vocab), last ? 0 : from * vocab);
    }
    return logits;
  }

  block(tokens, cache, watch) {
    const { width, eps } = this.shape;
    const { x, normed } = this.room;
    const n = tokens.length;
    tokens.forEach((token, t) => x.set(this.embedding.subarray(token * width, (token + 1) * width), t * width));
    this.layers.forEach((layer, index) => {
      this.attention(layer, index, cache, n, watch);
      this.feedForward(layer, n);
    });
    rmsNorm(x, this.norm, eps, normed, n);
    cache.length += n;
  }

  attention(layer, index, cache, n, watch) {
    const { width, eps } = this.shape;
    const { x, normed, added, q, k, v, read } = this.room;
    rmsNorm(x, layer.attentionNorm, eps, normed, n);
    multiply(layer.q, normed, q, n);
    multiply(layer.k, normed, k, n);
    multiply(layer.v, normed, v, n);
    rotate(q, this.shape, this.periods, cache.length, n);
    rotate(k, this.shape, this.periods, cache.length, n);
    const size = layer.k.rows;
    for (let t = 0; t < n; t++) {
      const slot = ((cache.length + t) % cache.slots) * size;
      cache.keys[index].set(k.subarray(t * size, (t + 1) * size), slot);
      cache.values[index].set(v.subarray(t * size, (t + 1) * size), slot);
      this.look(index, cache, t, t === n - 1 ? watch : undefined); // before a later token takes a slot
    }
    multiply(layer.out, read, added, n);
    add(x, added, n * width);
  }

  /** What the heads of one token read: each group of them from the one key-value head that it shares. */
  look(index, cache, t, watch) {
    const { heads, kvHeads, headDim } = this.shape;
    const { q, read } = this.room;
    const position = cache.length + t;
    const oldest = cache.oldest(position);
    const seen = position - oldest + 1;
    if (this.scores.length < seen) this.scores = new Float64Array(2 * seen);
    const first = (oldest % cache.slots) * kvHeads * headDim;
    for (let head = 0; head < heads; head++) {
      const shared = Math.floor(head / (heads / kvHeads)) * headDim;
      const from = (t * heads + head) * headDim;
      this.weigh(q, from, cache.keys[index], first, shared, seen);
      this.gather(cache.values[index], first, shared, seen, read, from);
      watch?.(index, head, new Float32Array(this.scores.subarray(0, seen)));
    }
  }

  /** The shares of attention, into `scores`: softmax of the products of one query with the keys it sees. */
  weigh(q, from, keys, first, shared, seen) {
    const { kvHeads, headDim } = this.shape;
    const { scores } = this;
    const row = kvHeads * headDim;
    const scale = 1 / Math.sqrt(headDim);
    const end = keys.length;
    let highest = -Infinity;
    let at = first + shared;
    for (let j = 0; j < seen; j++) {
      let a = 0, b = 0; // two sums, for one would wait for itself
      for (let i = 0; i < headDim; i += 2) {
        a += q[from + i] * keys[at + i];
        b += q[from + i + 1] * keys[at + i + 1];
      }
      const score = (a + b) * scale;
      scores[j] = score;
      if (score > highest) highest = score;
      at += row;
      if (at >= end) at -= end; // the buffer rolls
    }
    let sum = 0;
    for (let j = 0; j < seen; j++) sum += scores[j] = Math.exp(scores[j] - highest);
    for (let j = 0; j < seen; j++) scores[j] /= sum;
  }

  /** The mean of the values by their shares, four numbers of the head at a time. */
  gather(values, first, shared, seen, read, to) {
    const { kvHeads, headDim } = this.shape;
    const { scores } = this;
    const row = kvHeads * headDim;
    const end = values.length;
    for (let i = 0; i < headDim; i += 4) {
      let a = 0, b = 0, c = 0, d = 0;
      let at = first + shared + i;
      for (let j = 0; j < seen; j++) {
        const share = scores[j];
        a += share * values[at];
        b += share * values[at + 1];
        c += share * values[at + 2];
        d += share * values[at + 3];
        at += row;
        if (at >= end) at -= end; // the buffer rolls
      }
      read[to + i] = a;
      read[to + i + 1] = b;
      if (i + 2 < headDim) read[to + i + 2] = c; // a head of 6 has no four left
      if (i + 2 < headDim) read[to + i + 3] = d;
    }
  }

  /** SwiGLU: down(silu(gate) x up), added to the stream (Shazeer 2020). */
  feedForward(layer, n) {
    const { width, eps, ffn } = this.shape;
    const { x, normed, added, gate, up } = this.room;
    rmsNorm(x, layer.ffnNorm, eps, normed, n);
    multiply(layer.gate, normed, gate, n);
    multiply(layer.up, normed, up, n);
    for (let i = 0; i < n * ffn; i++) gate[i] = (gate[i] / (1 + Math.exp(-gate[i]))) * up[i];
    multiply(layer.down, gate, added, n);
    add(x, added, n * width);
  }
}
