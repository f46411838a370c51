// Python in the reader's browser: answers for a page's Lives with the chapter functions themselves.
// @ts-ignore: the file stands there once the book is built (tools/assets.mjs)
import { loadPyodide } from "./pyodide/pyodide.mjs";

const { search } = new URL(import.meta.url); // carries the version of all our files
const address = (name) => new URL(name + search, import.meta.url).href;

// Packages are never loaded, so Pyodide's list of them is replaced by the line it checks itself against.
const NO_PACKAGES = JSON.stringify({ info: __PYODIDE_INFO__, packages: {} });

const PREPARE = `
import sys
sys.path.insert(0, "/app")
from answer import answer_text
`;

/** Writes the package and its data into Python's file system; tools/assets.mjs says how they are packed. */
function unpack(buffer, FS) {
  const start = 4 + new DataView(buffer).getUint32(0, true);
  const sizes = JSON.parse(new TextDecoder().decode(buffer.slice(4, start)));
  let at = start;
  for (const [path, size] of Object.entries(sizes)) {
    const whole = `/app/${path}`;
    FS.mkdirTree(whole.slice(0, whole.lastIndexOf("/")));
    FS.writeFile(whole, new Uint8Array(buffer, at, size));
    at += size;
  }
}

/** A packed file, unzipped here so that it is as small from a server that compresses nothing. */
async function unzipped(url) {
  const response = await fetch(url);
  if (!response.ok || !response.body) throw new Error(`${url} is not there`);
  return new Response(response.body.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

/** Starts Python and has every question of `questions` answered once, so that a reader waits for no import. */
async function start(questions) {
  const [python, files] = await Promise.all([
    loadPyodide({
      indexURL: new URL("pyodide/", import.meta.url).href,
      stdLibURL: address("pyodide/stdlib.zip"),
      lockFileContents: NO_PACKAGES,
    }),
    unzipped(address("pyodide/app.bin")),
  ]);
  unpack(files, python.FS);
  python.runPython(PREPARE);
  const answer = python.globals.get("answer_text");
  for (const { name, args } of questions) answer(name, args);
  return answer;
}

const text = (problem) => String(problem?.message ?? problem);
// Where a file does not come, Pyodide's own promise may stay open; what it leaves behind says why.
self.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  self.postMessage({ failed: text(event.reason) });
});

let answer;

self.onmessage = async ({ data: { questions, name, args } }) => {
  if (questions) {
    try {
      answer = await start(questions);
      self.postMessage({ ready: true });
    } catch (problem) {
      self.postMessage({ failed: text(problem) });
    }
    return;
  }
  try {
    self.postMessage({ answer: answer(name, args) });
  } catch (problem) {
    self.postMessage({ broken: text(problem) });
  }
};
