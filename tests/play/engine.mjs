// Runs the engine over cases: `node engine.mjs decoder.js < cases.json > answers.json`; numbers go as base64.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { Cache, Decoder, quantised, safetensors, shapeOf, toHalf } = await import(pathToFileURL(process.argv[2]).href);
const front = new URL("../../smallmodels/live/front/", import.meta.url);
const { Language } = await import(new URL("language.js", front).href);
const { Player, chances } = await import(new URL("player.js", front).href);
const cases = JSON.parse(readFileSync(0, "utf8"));
const opened = {};

const base64 = (numbers) => Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength).toString("base64");
const file = (path) => {
  const bytes = readFileSync(path);
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
};

function decoder({ folder, bits = 16 }) {
  const open = () => {
    const config = JSON.parse(readFileSync(`${folder}/config.json`, "utf8"));
    return new Decoder(shapeOf(config), safetensors(file(`${folder}/model.safetensors`)), bits);
  };
  return (opened[`${folder} ${bits}`] ??= open());
}

const joined = (parts) => Float32Array.from(parts.flatMap((part) => [...part]));

const KINDS = {
  /** The logits of a text, read in pieces of the sizes given, the last size again and again. */
  logits({ tokens, pieces = [tokens.length], window, rolling = true, ...of }) {
    const model = decoder(of);
    const cache = new Cache(model.shape, window, tokens.length, rolling);
    const parts = [];
    for (let at = 0, i = 0; at < tokens.length; i++) {
      const size = pieces[Math.min(i, pieces.length - 1)];
      parts.push(model.read(tokens.slice(at, at + size), cache));
      at += size;
    }
    return base64(joined(parts));
  },
  greedy({ tokens, count, window, ...of }) {
    const model = decoder(of);
    const cache = model.cache(tokens.length + count, window);
    const written = [];
    for (let next = tokens; written.length < count; next = written.slice(-1)) {
      const logits = model.read(next, cache, { last: true });
      written.push(logits.indexOf(Math.max(...logits)));
    }
    return written;
  },
  quantised: ({ weights, columns, bits }) => base64(quantised(Float32Array.from(weights), columns, bits)),
  halves: ({ numbers }) => base64(Float32Array.from(numbers, toHalf)),
  attention({ tokens, window, ...of }) {
    const model = decoder(of);
    const shares = [];
    model.read(tokens, model.cache(tokens.length, window), { watch: (layer, head, row) => shares.push([layer, head, [...row]]) });
    return shares;
  },
  chances({ seed, count }) {
    const next = chances(seed);
    return Array.from({ length: count }, next);
  },
  /** The language's probabilities after each text, and its surprises at the last. */
  language({ path, texts }) {
    const language = new Language(JSON.parse(readFileSync(path, "utf8")));
    return [texts.map((text) => language.next(text)), language.surprises(texts.at(-1))];
  },
  /** A player's answers to questions, one after the other. */
  async player({ path, runs, questions }) {
    const known = JSON.parse(readFileSync(path, "utf8"));
    const open = async (heads) => {
      const folder = `${runs}/tiny-${heads}`;
      const config = JSON.parse(readFileSync(`${folder}/config.json`, "utf8"));
      return { shape: shapeOf(config), tensors: safetensors(file(`${folder}/model.safetensors`)) };
    };
    const player = new Player(open, new Language(known), known.texts);
    const answers = [];
    for (const [question, given] of questions) answers.push(await player.answer(question, given));
    return answers;
  },
  refusal({ config }) {
    try {
      shapeOf(config);
    } catch (problem) {
      return problem.message;
    }
    return "";
  },
  opened({ folder }) {
    try {
      safetensors(file(`${folder}/model.safetensors`));
    } catch (problem) {
      return problem.message;
    }
    return "";
  },
};

console.log(JSON.stringify(await Promise.all(cases.map((one) => KINDS[one.kind](one)))));
