// Python in the reader's browser: answers for a page's Lives with the chapter functions themselves.
import { Files } from "./files.js";

const { search } = new URL(import.meta.url); // carries the version of all our files
const address = (name) => new URL(`pyodide/${name}${search}`, import.meta.url).href;

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

/** Unzipped here, so that the file is as small from a server that compresses nothing. */
const unzipped = (bytes) =>
  new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();

/** Pyodide keeps to itself what goes wrong with a file, and waits for ever. So it gets its files from here. */
function hand(files, fail) {
  const wasm = files.open("pyodide.asm.wasm");
  const library = files.bytes("stdlib.zip");
  for (const file of [wasm, library]) file.catch(fail);
  const own = self.fetch;
  const handed = (url) => (url.endsWith(".wasm") ? wasm : library.then((bytes) => new Response(bytes)));
  const named = (url) => /\/(pyodide\.asm\.wasm|stdlib\.zip)(\?|$)/.test(url);
  self.fetch = (url, options) => (named(String(url)) ? handed(String(url).split("?")[0]) : own(url, options));
  WebAssembly.instantiateStreaming = (opened, imports) => {
    const instance = files.instance("pyodide.asm.wasm", opened, imports);
    instance.catch(fail);
    return instance;
  };
}

/** Python itself, from files that were found to be right; rejects as soon as one is not. */
function python(files) {
  return new Promise((resolve, fail) => {
    hand(files, fail);
    const app = files.bytes("app.bin").then(unzipped);
    const scripts = [files.script("pyodide.js"), files.script("pyodide.asm.js")];
    const loaded = Promise.all(scripts).then(([{ loadPyodide }, { default: createPyodideModule }]) =>
      loadPyodide({
        createPyodideModule,
        indexURL: new URL("pyodide/", import.meta.url).href,
        stdLibURL: address("stdlib.zip"),
        lockFileContents: NO_PACKAGES,
      }),
    );
    Promise.all([loaded, app]).then(resolve, fail);
  });
}

/** Starts Python and has every question of `questions` answered once, so that a reader waits for no import. */
async function start(questions) {
  const progress = (done, all) => self.postMessage({ progress: { done, all } });
  const [pyodide, app] = await python(new Files(__FILES__, address, progress));
  unpack(app, pyodide.FS);
  pyodide.runPython(PREPARE);
  const answer = pyodide.globals.get("answer_text");
  for (const { name, args } of questions) {
    answer(name, args);
    self.postMessage({ progress: {} }); // a sign of life
  }
  return answer;
}

const text = (problem) => String(problem?.message ?? problem);
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
    // An exception of Python's leaves it at work; anything else (no memory, too deep) does not.
    self.postMessage({ [problem.name === "PythonError" ? "broken" : "failed"]: text(problem) });
  }
};
