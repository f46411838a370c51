// Asks the Python that the pages load, in Node: one question a line in, one answer a line out.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const shipped = process.argv[2];
const runtime = join(shipped, "pyodide", "/");
const { loadPyodide } = await import(pathToFileURL(join(runtime, "pyodide.mjs")));
const { info } = createRequire(import.meta.url)("pyodide/pyodide-lock.json");
const python = await loadPyodide({
  indexURL: runtime,
  stdLibURL: join(runtime, "stdlib.zip"),
  lockFileContents: JSON.stringify({ info, packages: {} }),
});
const files = JSON.parse(await readFile(join(shipped, "app.json"), "utf8"));
for (const [path, content] of Object.entries(files)) {
  python.FS.mkdirTree(dirname(`/app/${path}`));
  python.FS.writeFile(`/app/${path}`, Buffer.from(content, "base64"));
}
python.runPython("import sys; sys.path.insert(0, '/app'); from answer import answer_text");
const answer = python.globals.get("answer_text");
for await (const line of createInterface({ input: process.stdin })) {
  const { name, args } = JSON.parse(line);
  process.stdout.write(`${answer(name, JSON.stringify(args))}\n`);
}
