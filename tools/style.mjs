// Makes the one style sheet of a built book, `_static/page.css`, from the sheets that stand beside its pages:
// `node tools/style.mjs _build/html`. Icons go into it; a rule that no page and no script of the book can
// match is left out; fonts stay files.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";
import { PurgeCSS } from "purgecss";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
// In the order in which they hold; what comes later wins.
const THEMES = [
  "basic.css",
  "styles/pydata-sphinx-theme.css",
  "pygments.css",
  "styles/sphinx-book-theme.css",
  /^mystnb\..*\.css$/,
  "sphinx-design.min.css",
  "katex/katex.min.css",
];
// What a script or the browser sets, so that no page says it: never a reason to leave a rule out.
const STATES = ["data-theme", "data-mode", "data-state", "data-stale", "aria-busy", "aria-current", "open", "hidden", "tabindex"];

// The theme's icons are a font of 150 kB; book.css draws the dozen that are used.
const ICON_FONT = /@font-face\s*\{[^}]*vendor\/fontawesome[^}]*\}/g;

const files = async (folder, ending) =>
  (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(ending)).map((name) => join(folder, name));

/** Some sheets as one, with the small pictures they name inside. */
async function together(folder, wanted) {
  const names = await readdir(folder);
  const sheets = wanted.map((sheet) => (typeof sheet === "string" ? sheet : names.find((name) => sheet.test(name))));
  const contents = sheets.map((name) => `@import "./${name}";`).join("\n");
  const stdin = { contents, resolveDir: folder, loader: /** @type {const} */ ("css") };
  const loader = /** @type {const} */ ({ ".svg": "dataurl", ".png": "dataurl" });
  const made = await build({ stdin, loader, bundle: true, write: false, external: ["*.woff2", "*.ttf"], logLevel: "error" });
  return made.outputFiles[0].text.replace(ICON_FONT, "");
}

/** A sheet without what nothing matches: neither pages, nor scripts, nor the tables that Python writes. */
async function used(raw, built) {
  const ours = await files(join(ROOT, "smallmodels"), ".py");
  const scripts = ["live/live.js", "live/frame.js", "marking.js", "searchtools.js"].map((name) => join(built, "_static", name));
  const content = [...(await files(built, ".html")), ...scripts, ...ours];
  const [{ css }] = await new PurgeCSS().purge({
    content,
    css: [{ raw }],
    keyframes: true,
    dynamicAttributes: STATES,
    safelist: { greedy: [/backdrop/] },
  });
  return css;
}

const built = resolve(process.argv[2] ?? join(ROOT, "_build", "html"));
const [live, themes, book] = await Promise.all(
  [["live/live.css"], THEMES, ["book.css"]].map((sheets) => together(join(built, "_static"), sheets)),
);
const whole = [live, await used(themes, built), book].join("\n");
const { code } = await transform(whole, { loader: "css", minify: true });
await writeFile(join(built, "_static", "page.css"), code);
console.log(`${basename(built)}/_static/page.css: ${code.length} characters.`);
