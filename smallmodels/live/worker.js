// Python in the reader's browser: answers for a page's Lives with the chapter functions themselves.
import { loadPyodide } from "./pyodide/pyodide.mjs";

const { search } = new URL(import.meta.url); // carries the version of all our files
const address = (name) => new URL(name + search, import.meta.url).href;

// Packages are never loaded, so Pyodide's list of them is replaced by the line it checks itself against.
const NO_PACKAGES = JSON.stringify({ info: __PYODIDE_INFO__, packages: {} });

const PREPARE = `
import sys
sys.path.insert(0, "/app")
from importlib import import_module
from answer import answer_text, resolve
`;

/** Writes the package and its data, `{path: base64}`, into Python's file system. */
function unpack(files, FS) {
  for (const [path, content] of Object.entries(files)) {
    const whole = `/app/${path}`;
    FS.mkdirTree(whole.slice(0, whole.lastIndexOf("/")));
    FS.writeFile(whole, Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0)));
  }
}

async function start(functions) {
  const files = fetch(address("app.json")).then((response) => response.json());
  const python = await loadPyodide({
    indexURL: new URL("pyodide/", import.meta.url).href,
    stdLibURL: address("pyodide/stdlib.zip"),
    lockFileContents: NO_PACKAGES,
  });
  unpack(await files, python.FS);
  python.runPython(PREPARE);
  const resolve = python.globals.get("resolve");
  functions.forEach((name) => resolve(name).destroy());
  const answer = python.globals.get("answer_text");
  return ({ function: name, args }) => answer(name, args);
}

let answer;
self.onmessage = async ({ data }) => {
  if (data.functions) {
    try {
      answer = await start(data.functions);
      self.postMessage({ ready: true });
    } catch (problem) {
      self.postMessage({ failed: String(problem.message ?? problem) });
    }
    return;
  }
  try {
    self.postMessage({ answer: answer(data) });
  } catch (problem) {
    self.postMessage({ broken: String(problem.message ?? problem) });
  }
};
