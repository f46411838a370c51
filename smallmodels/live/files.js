// The files of the worker's Python: fetched at once, counted as they come, and checked.
import { Fault, megabytes, missing, scriptFault, unreachable } from "./front/faults.js";

const MARKS = { wasm: "\0asm", zip: "PK", bin: "\x1f\x8b" }; // how a file of each kind begins
const OFTEN = 100; // milliseconds between two tellings of how far it has come

/** One byte after the other into one number, as FNV-1a does it: what is not as it was built is found out. */
export const summed = (bytes, sum = 0x811c9dc5) => {
  for (let i = 0; i < bytes.length; i++) sum = Math.imul(sum ^ bytes[i], 0x01000193);
  return sum;
};

/** Reads a body to its end; `each` sees every piece. */
async function pieces(body, each) {
  const reader = body.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) each(next.value);
  } finally {
    reader.cancel().catch(() => {}); // the rest of what was found wrong is not wanted
  }
}

/** The files by name, with the sizes and sums they had when the book was built. */
export class Files {
  done = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  telling;

  /**
   * @param {Record<string, {size: number, sum: number}>} built
   * @param {(name: string) => string} address
   * @param {(done: number, all: number) => void} progress
   */
  constructor(built, address, progress) {
    this.built = built;
    this.address = address;
    this.progress = progress;
    this.all = Object.values(built).reduce((sum, { size }) => sum + size, 0);
  }

  count(bytes) {
    this.done += bytes;
    this.telling ??= setTimeout(() => {
      this.telling = undefined;
      this.progress(this.done, this.all);
    }, OFTEN);
  }

  /** A script's exports. How far a script has come is not to be known, so it counts when it is there. */
  async script(name) {
    const url = this.address(name);
    const module = await import(url).catch(async (problem) => {
      throw new Fault(await scriptFault(url, problem instanceof SyntaxError ? problem.message : ""));
    });
    this.count(this.built[name].size);
    return module;
  }

  async open(name) {
    const response = await fetch(this.address(name)).catch(() => Promise.reject(unreachable(name)));
    if (!response.ok || !response.body) throw missing(name, response.status);
    return response;
  }

  /** The bytes of an opened file; a Fault where they are not what was built. */
  async read(name, response) {
    const { size, sum } = this.built[name];
    const bytes = new Uint8Array(size);
    let at = 0;
    await pieces(response.body, (piece) => {
      if (at === 0) checkStart(name, piece);
      if (at + piece.length > size) throw new Fault(`${name} is longer than the book’s own`);
      bytes.set(piece, at);
      at += piece.length;
      this.count(piece.length);
    }).catch((problem) => Promise.reject(problem instanceof Fault ? problem : this.cut(name, at)));
    if (at < size) throw this.cut(name, at);
    if (summed(bytes) !== sum) throw new Fault(`${name} is damaged: it is not the file that was built`);
    return bytes;
  }

  cut(name, at) {
    return new Fault(`${name} broke off after ${megabytes(at)} of ${megabytes(this.built[name].size)} MB`);
  }

  async bytes(name) {
    return this.read(name, await this.open(name));
  }

  /** A WebAssembly module at work: compiled while it comes where the server calls it by its type, else after. */
  async instance(name, opened, imports) {
    const response = await opened;
    const typed = response.headers.get("content-type")?.startsWith("application/wasm");
    const streamed = typed ? WebAssembly.compileStreaming(response.clone()) : null;
    streamed?.catch(() => {}); // told below, after what the bytes themselves say
    const bytes = await this.read(name, response);
    const module = await (streamed ?? WebAssembly.compile(bytes)).catch(({ message }) =>
      Promise.reject(new Fault(`${name} could not be compiled: ${message}`)),
    );
    return { module, instance: await WebAssembly.instantiate(module, imports) };
  }
}

function checkStart(name, piece) {
  const mark = MARKS[name.split(".").at(-1)] ?? "";
  const start = String.fromCharCode(...piece.subarray(0, mark.length));
  if (mark.startsWith(start)) return;
  const page = String.fromCharCode(...piece.subarray(0, 64)).trimStart().startsWith("<");
  throw new Fault(page ? `a web page came in place of ${name}` : `${name} is damaged: it does not begin as such a file does`);
}
