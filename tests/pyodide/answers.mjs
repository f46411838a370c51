// Asks the Python that the pages load, in Node: one question a line in, one answer a line out.
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";

const shipped = process.argv[2];
const runtime = join(shipped, "pyodide", "/");
const { loadPyodide } = await import(pathToFileURL(join(runtime, "pyodide.js")));
const { info } = createRequire(import.meta.url)("pyodide/pyodide-lock.json");
const python = await loadPyodide({
  indexURL: runtime,
  stdLibURL: join(runtime, "stdlib.zip"),
  lockFileContents: JSON.stringify({ info, packages: {} }),
});
const packed = gunzipSync(await readFile(join(runtime, "app.bin")));
let at = 4 + packed.readUInt32LE();
for (const [path, size] of Object.entries(JSON.parse(packed.subarray(4, at)))) {
  python.FS.mkdirTree(dirname(`/app/${path}`));
  python.FS.writeFile(`/app/${path}`, packed.subarray(at, at + size));
  at += size;
}
python.runPython("import sys; sys.path.insert(0, '/app'); from answer import answer_text");
const answer = python.globals.get("answer_text");
for await (const line of createInterface({ input: process.stdin })) {
  const { name, args } = JSON.parse(line);
  // Waits for the reader: answers that pile up here would fill the memory.
  if (!process.stdout.write(`${answer(name, JSON.stringify(args))}\n`)) await once(process.stdout, "drain");
}
