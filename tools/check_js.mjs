// Holds our JavaScript to the size rules of the house: no function above 45 lines, no module above 600.
// Prints each breach as one line and exits with 1 if there is any. Types are checked by `tsc` (jsconfig.json).
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const FOLDERS = ["smallmodels/live", "tools", "book/ext", "book/front", "tests/pyodide"];
const MOST = { function: 45, module: 600 };

const scripts = FOLDERS.flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true })
    .map((name) => join(ROOT, folder, String(name)))
    .filter((path) => /\.m?js$/.test(path) && !path.includes("node_modules")),
);

/** Every function of a script with its length in lines. */
function* functions(node, file) {
  if (ts.isFunctionLike(node) && node.body) {
    const lines = [node.getStart(file), node.getEnd()].map((at) => file.getLineAndCharacterOfPosition(at).line);
    yield [node.name?.getText(file) ?? node.parent?.name?.getText(file) ?? "a function", lines[1] - lines[0] + 1];
  }
  for (const child of node.getChildren(file)) yield* functions(child, file);
}

const breaches = scripts.flatMap((path) => {
  const text = readFileSync(path, "utf8");
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.JS);
  const long = [...functions(file, file)].filter(([, lines]) => lines > MOST.function);
  const told = long.map(([name, lines]) => `${relative(ROOT, path)}: ${name} has ${lines} lines; ${MOST.function} are allowed.`);
  const lines = text.split("\n").length - 1;
  if (lines > MOST.module) told.push(`${relative(ROOT, path)} has ${lines} lines; ${MOST.module} are allowed.`);
  return told;
});
for (const breach of breaches) console.log(breach);
process.exit(breaches.length ? 1 : 0);
