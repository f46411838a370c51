// Builds what the published pages load, into _build/live: the widget's scripts and style, vega in one file,
// and Python for the browser (Pyodide, the part of the standard library our code uses, our code, our data).
// Does nothing when none of what it reads has changed.
import { createHash } from "node:crypto";
import { copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { loadPyodide } from "pyodide";
import { summed } from "../smallmodels/live/files.js";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const OUT = join(ROOT, "_build", "live");
const MAKING = `${OUT}.making`;
const PACKAGE = join(ROOT, "smallmodels");
const LIVE = join(ROOT, "smallmodels", "live");
const FRAME = join(ROOT, "book", "front", "frame.js");
const RUNS = join(ROOT, "data", "runs");
const LANGUAGE = join(RUNS, "play", "language.json"); // for the small model in the page, which is no Python
const PYODIDE = join(ROOT, "node_modules", "pyodide");
// Python that needs packages the browser does not have, or that only the builder of the book needs.
const NOT_FOR_BROWSERS = ["__main__.py", "charts.py", "command.py", "figures.py", "lab", "live", "__pycache__"];

// The book's charts are compiled while it is built, so its pages need of vega what draws them, and no maps,
// trees or forces: half the bytes of `vega.js`, which a kernel's page loads.
const DRAWING = `
  import { transforms } from "vega-dataflow";
  import * as data from "vega-transforms";
  import * as scales from "vega-encode";
  import * as marks from "vega-view-transforms";
  Object.assign(transforms, data, scales, marks);
  export { View } from "vega-view";
  export { parse } from "vega-parser";
  export { expressionInterpreter } from "vega-interpreter";
`;
const WHOLE = `
  export { View, parse } from "vega";
  export { compile } from "vega-lite";
  export { expressionInterpreter } from "vega-interpreter";
`;

const files = async (folder, ending) =>
  (await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []))
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();

/** The folders of our Python for the browser: the package itself and those inside it. */
async function folders() {
  const inside = (await readdir(PACKAGE, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const names = inside.map((entry) => entry.name).filter((name) => !NOT_FOR_BROWSERS.includes(name));
  return [PACKAGE, ...names.sort().map((name) => join(PACKAGE, name))];
}

/** Our Python for the browser, `[path there, path here]`: the rooms, what they stand on, their data. */
async function ours() {
  const modules = (folder) =>
    readdir(folder).then((names) =>
      names
        .filter((name) => name.endsWith(".py") && !NOT_FOR_BROWSERS.includes(name))
        .sort()
        .map((name) => [relative(ROOT, join(folder, name)), join(folder, name)]),
    );
  const rooms = (await Promise.all((await folders()).map(modules))).flat();
  const runs = (await files(RUNS, ".json")).filter((path) => path !== LANGUAGE);
  const facts = [...(await files(join(ROOT, "data"), ".csv")), ...runs];
  const data = facts.map((path) => [relative(ROOT, path), path]);
  return [...rooms, ["answer.py", join(LIVE, "answer.py")], ...data];
}

async function fingerprint(inputs) {
  const hash = createHash("sha256");
  for (const path of inputs) hash.update(`${relative(ROOT, path)}\0`).update(await readFile(path));
  return hash.digest("hex");
}

const common = { bundle: true, format: "esm", minify: true, target: "es2022", logLevel: "warning" };

/** The scripts and the style of the widget, and vega with all it needs in one file. */
async function scripts() {
  const info = JSON.parse(await readFile(join(PYODIDE, "pyodide-lock.json"), "utf8")).info;
  await build({ ...common, entryPoints: [join(LIVE, "live.js"), join(LIVE, "live.css")], outdir: MAKING });
  await build({ ...common, format: "iife", entryPoints: [join(LIVE, "still.js")], outdir: MAKING });
  await build({
    ...common,
    entryPoints: [join(LIVE, "worker.js")],
    outdir: MAKING,
    define: { __PYODIDE_INFO__: JSON.stringify(info), __FILES__: JSON.stringify(await measured(join(MAKING, "pyodide"))) },
  });
  await build({ ...common, entryPoints: [FRAME, join(LIVE, "front", "play.js")], outdir: MAKING, entryNames: "[name]" });
  const known = { __MODELS__: JSON.stringify(await models()) };
  await build({ ...common, entryPoints: [join(LIVE, "decoder.js")], outdir: MAKING, define: known });
  const bundle = (contents, name) =>
    build({ ...common, stdin: { contents, resolveDir: ROOT }, outfile: join(MAKING, name), metafile: true });
  await bundle(DRAWING, "draw.js");
  const { metafile } = await bundle(WHOLE, "vega.js");
  const packages = Object.keys(metafile.inputs).map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]);
  await licences(["pyodide", ...new Set(packages.filter(Boolean))]);
}

/** The checkpoints that pages run, `[KV heads, folder]`. */
async function checkpoints() {
  const names = (await readdir(RUNS)).filter((name) => /^tiny-\d+$/.test(name));
  const folders = names.sort().map((name) => [name.split("-")[1], join(RUNS, name)]);
  return Promise.all(folders.map(async ([heads, folder]) => [heads, folder, JSON.parse(await readFile(join(folder, "config.json"), "utf8"))]));
}

/** The small models' files, each under a name that carries the sum of its contents; what their worker knows of them. */
async function models() {
  const there = join(MAKING, "models");
  await mkdir(there, { recursive: true });
  const put = async (name, ending, path) => {
    const bytes = await readFile(path);
    const called = `${name}-${createHash("sha256").update(bytes).digest("hex").slice(0, 12)}.${ending}`;
    await writeFile(join(there, called), bytes);
    return called;
  };
  const language = await put("language", "json", LANGUAGE);
  const each = (await checkpoints()).map(async ([heads, folder, config]) => {
    return [heads, { weights: await put(`tiny-${heads}`, "dat", join(folder, "model.safetensors")), config }];
  });
  return { language, checkpoints: Object.fromEntries(await Promise.all(each)), built: await measured(there) };
}

/** The size and the sum of every file of a folder, by which the worker knows them. */
async function measured(folder) {
  const entries = (await readdir(folder)).sort().map(async (name) => {
    const bytes = await readFile(join(folder, name));
    return [name, { size: bytes.length, sum: summed(bytes) }];
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** The licences of what is passed on in these files, each in its own words where it brings them. */
async function licences(packages) {
  const entries = packages.sort().map(async (name) => {
    const folder = join(ROOT, "node_modules", name);
    const { version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    const own = (await readdir(folder)).find((file) => /^licen[sc]e/i.test(file));
    return `${name} ${version}: ${license}\n\n${own ? await readFile(join(folder, own), "utf8") : ""}`;
  });
  await writeFile(join(MAKING, "licences.txt"), (await Promise.all(entries)).join(`\n${"-".repeat(80)}\n\n`));
}

/** Pyodide's own files, under names whose type every server knows (stock nginx takes `.mjs` for no script);
 * nothing in them may name a host the book would not ask anyway. */
async function runtime() {
  const there = join(MAKING, "pyodide");
  await mkdir(there, { recursive: true });
  await copyFile(join(PYODIDE, "pyodide.asm.wasm"), join(there, "pyodide.asm.wasm"));
  for (const name of ["pyodide", "pyodide.asm"]) {
    const script = await readFile(join(PYODIDE, `${name}.mjs`), "utf8");
    const local = script.replace(/https:\/\/[\w.]+\/pyodide\/v\$\{\w+\}\/full\//g, "").replace(/^\/\/# source.*$/gm, "");
    await writeFile(join(there, `${name}.js`), local.replaceAll("pyodide.asm.mjs", "pyodide.asm.js"));
  }
}

/** Compiled by Pyodide itself, so that the browser's Python need not: the standard library and our code. */
async function python(sources) {
  const py = await loadPyodide();
  const put = (path, bytes) => {
    py.FS.mkdirTree(dirname(path));
    py.FS.writeFile(path, bytes);
  };
  put("/library.zip", await readFile(join(PYODIDE, "python_stdlib.zip")));
  for (const [there, here] of sources) put(`/app/${there}`, await readFile(here));
  py.runPython(await readFile(join(ROOT, "tools", "assets.py"), "utf8"));
  const library = py.FS.readFile("/stdlib.zip");
  await writeFile(join(MAKING, "pyodide", "stdlib.zip"), library);
  const compiled = sources.map(([there]) => there.replace(/\.py$/, ".pyc"));
  await writeFile(join(MAKING, "pyodide", "app.bin"), packed(compiled.map((path) => [path, py.FS.readFile(`/app/${path}`)])));
}

/** Files as one: the size of a list, the list `{path: size}`, their bytes; compressed together, which is smallest. */
function packed(files) {
  const list = Buffer.from(JSON.stringify(Object.fromEntries(files.map(([path, bytes]) => [path, bytes.length]))));
  const size = Buffer.alloc(4);
  size.writeUInt32LE(list.length);
  return gzipSync(Buffer.concat([size, list, ...files.map(([, bytes]) => bytes)]), { level: 9 });
}

async function main() {
  const sources = await ours();
  const inputs = [
    ...(await files(LIVE, "s")),
    ...(await files(dirname(FRAME), ".js")),
    ...sources.map(([, here]) => here),
    LANGUAGE,
    ...(await files(RUNS, ".safetensors")),
    ...["package-lock.json", "tools/assets.mjs", "tools/assets.py"].map((name) => join(ROOT, name)),
  ];
  const now = await fingerprint(inputs);
  const stamp = join(OUT, "version");
  if ((await readFile(stamp, "utf8").catch(() => "")) === now) return;
  console.log("Building what the pages load ...");
  await rm(MAKING, { recursive: true, force: true });
  await mkdir(MAKING, { recursive: true });
  await Promise.all([runtime(), python(sources)]);
  await scripts(); // the worker's knows the sizes of the others
  await writeFile(join(MAKING, "version"), now);
  await rm(OUT, { recursive: true, force: true });
  await rename(MAKING, OUT); // all or nothing: a build that failed leaves the last good one
}

main().catch((problem) => {
  console.error(`What the pages load could not be built: ${problem.message}`);
  process.exit(1);
});
