// The worker of the small model: fetches its files when a page asks for it, and answers for it.
import { Files } from "./files.js";
import { safetensors, shapeOf } from "./front/decoder.js";
import { Language } from "./front/language.js";
import { Player } from "./front/player.js";

const address = (name) => new URL(`models/${name}`, import.meta.url).href;
const { built, language, checkpoints } = __MODELS__; // names carry their contents' sum, and so need no version

/** A file of the book's, with its progress told to the page. */
function fetched(name) {
  const files = new Files({ [name]: built[name] }, address, (done, all) => self.postMessage({ progress: { done, all } }));
  return files.bytes(name);
}

const opened = {};

/** A checkpoint by its KV heads, fetched once. */
async function checkpoint(kvHeads) {
  const { weights, config } = checkpoints[kvHeads];
  opened[kvHeads] ??= fetched(weights).then(({ buffer }) => ({ shape: shapeOf(config), tensors: safetensors(buffer) }));
  return opened[kvHeads].catch((problem) => {
    delete opened[kvHeads];
    throw problem;
  });
}

async function start() {
  const known = JSON.parse(new TextDecoder().decode(await fetched(language)));
  return { player: new Player(checkpoint, new Language(known), known.texts), lead: known.lead };
}

/** @type {ReturnType<typeof start> | undefined} */
let started;
let turn = Promise.resolve(); // one question after the other

async function answer({ id, question, given }) {
  try {
    started ??= start();
    const { player, lead } = await started.catch((problem) => {
      started = undefined;
      throw problem;
    });
    const found = question === "open" ? { lead } : await player.answer(question, given);
    self.postMessage({ id, answer: found });
  } catch (problem) {
    self.postMessage({ id, failed: String(problem?.message ?? problem) });
  }
}

self.onmessage = ({ data }) => {
  turn = turn.then(() => answer(data));
};
