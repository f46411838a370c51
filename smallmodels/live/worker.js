// Python in the reader's browser: answers for a page's Lives with the chapter functions themselves.
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

/** Writes the package and its data, `{path: base64}`, into Python's file system. */
function unpack(files, FS) {
  for (const [path, content] of Object.entries(files)) {
    const whole = `/app/${path}`;
    FS.mkdirTree(whole.slice(0, whole.lastIndexOf("/")));
    FS.writeFile(whole, Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0)));
  }
}

/** Starts Python and has every question of `questions` answered once, so that a reader waits for no import. */
async function start(questions) {
  const files = fetch(address("app.json")).then((response) => response.json());
  const python = await loadPyodide({
    indexURL: new URL("pyodide/", import.meta.url).href,
    stdLibURL: address("pyodide/stdlib.zip"),
    lockFileContents: NO_PACKAGES,
  });
  unpack(await files, python.FS);
  python.runPython(PREPARE);
  const answer = python.globals.get("answer_text");
  for (const { name, args } of questions) answer(name, args);
  return answer;
}

const text = (problem) => String(problem?.message ?? problem);
// Pyodide waits for ever for a wasm file that does not come, and tells only the console.
const instantiate = WebAssembly.instantiateStreaming;
WebAssembly.instantiateStreaming = (...given) =>
  instantiate(...given).catch((problem) => {
    self.postMessage({ failed: text(problem) });
    throw problem;
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
