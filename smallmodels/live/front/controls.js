// Native, labelled controls. Each kind gives: node (label and inputs), write(text), read() -> text,
// parse(strings of a link) -> text and print(text) -> strings of a link. read and parse throw a Refusal.
import { h } from "./dom.js";
import { Refusal, brief, canonical, enumerated, formatted, listed, numberText, plain, power, powers, readable, shortened, snapped, typedNumber } from "./values.js";

const PAUSE = 400; // milliseconds without a key in a text before it is read
const LINKED = 1500; // letters of a text that a link still carries

/** Sets a field, but leaves alone what someone is typing when it already says the same. */
function rewrite(input, value) {
  if (input.value === "" || String(value) !== String(typeof value === "number" ? Number(input.value) : input.value)) {
    input.value = value;
  }
}

function labelled(spec, id, ...after) {
  return h("div", { class: "live-label" }, h("label", { for: id }, spec.label), ...after);
}

function group(spec, ...children) {
  const legend = h("legend", { class: "live-label" }, spec.label);
  return h("fieldset", { class: "live-control", name: spec.name, "data-kind": spec.kind }, legend, ...children);
}

function single(spec, ...children) {
  return h("div", { class: "live-control", "data-kind": spec.kind }, ...children);
}

function slider(spec, id) {
  const { min, max, step } = spec;
  const input = h("input", { type: "range", id, name: spec.name, min, max, step });
  const output = h("span", { class: "live-value", "aria-hidden": "true" }); // heard as the slider's valuetext
  return {
    node: single(spec, labelled(spec, id, output), input),
    read: () => numberText(spec, snapped(spec, input.valueAsNumber)),
    write: (text) => {
      input.value = JSON.parse(text);
      output.textContent = formatted(JSON.parse(text), spec.readout_format, spec);
      input.setAttribute("aria-valuetext", output.textContent);
    },
    parse: ([typed]) => numberText(spec, snapped(spec, Number(typedNumber(spec, typed)))),
  };
}

/** A field that shows a figure as people write it and keeps it to the last digit, until someone types another. */
function figure(spec, id, parse) {
  const { label, name } = spec;
  const input = h("input", { type: "text", inputmode: "decimal", id, name, "aria-label": label, autocomplete: "off" });
  const write = (text) => {
    let typed = "";
    try {
      typed = parse([input.value]);
    } catch {} // nothing that could be kept
    input.dataset.value = text;
    if (typed !== text || input !== document.activeElement) input.value = readable(JSON.parse(text));
  };
  const untouched = () => input.dataset.value && input.value === readable(JSON.parse(input.dataset.value));
  const read = () => (untouched() ? input.dataset.value : parse([input.value]));
  return { input, read, write };
}

function log(spec, id) {
  const { label, base, min, max, step } = spec;
  const range = h("input", { type: "range", min, max, step, "aria-label": `${label}, slider` });
  const parse = ([typed]) => typedNumber(spec, typed, powers(spec));
  const { input, read, write } = figure(spec, id, parse);
  range.addEventListener("input", () => write(numberText(spec, power(base, snapped(spec, range.valueAsNumber)))));
  return {
    node: group(spec, h("div", { class: "live-pair" }, range, input)),
    read,
    write: (text) => {
      write(text);
      range.value = Math.log(JSON.parse(text)) / Math.log(base);
      range.setAttribute("aria-valuetext", readable(JSON.parse(text)));
    },
    parse,
  };
}

function number(spec, id) {
  const { name, min, max } = spec;
  const input = h("input", { type: "number", id, name, min, max, step: spec.step ?? (spec.float ? "any" : 1) });
  return {
    node: single(spec, labelled(spec, id), input),
    read: () => typedNumber(spec, input.value),
    write: (text) => rewrite(input, JSON.parse(text)),
    parse: ([typed]) => typedNumber(spec, typed),
  };
}

function text(spec, id) {
  const input = h("input", { type: "text", id, name: spec.name, autocomplete: "off" });
  return {
    node: single(spec, labelled(spec, id), input),
    read: () => JSON.stringify(input.value),
    write: (value) => rewrite(input, JSON.parse(value)),
    parse: ([typed]) => JSON.stringify(typed),
  };
}

/** Several lines, pasted or typed: what is in them may be too long for a link, and changes letter by letter. */
function textarea(spec, id) {
  const look = { rows: 8, wrap: "off", spellcheck: "false", autocapitalize: "off", autocomplete: "off" };
  const input = h("textarea", { id, name: spec.name, ...look });
  return {
    node: single(spec, labelled(spec, id), input),
    pause: PAUSE,
    long: (text) => text.length > LINKED,
    read: () => JSON.stringify(input.value),
    write: (value) => rewrite(input, JSON.parse(value)),
    parse: ([typed]) => JSON.stringify(typed),
  };
}

function checkbox(spec, id) {
  const input = h("input", { type: "checkbox", id, name: spec.name });
  return {
    node: single(spec, h("label", { class: "live-check" }, input, h("span", {}, spec.label))),
    read: () => String(input.checked),
    write: (value) => (input.checked = value === "true"),
    parse: ([typed]) => {
      if (typed !== "true" && typed !== "false") throw new Refusal("It is true or false.");
      return typed;
    },
  };
}

/** The JSON text of the option a link names, by value or by label. */
function chosen(spec, typed) {
  const option = spec.options.find(([label, value]) => plain(value) === typed || label === typed);
  if (option) return option[1];
  throw new Refusal(`There is no “${brief(typed)}”; choose ${enumerated(spec.options.map(([, value]) => plain(value)))}.`);
}

/** Whether a value would show nothing. */
const shut = (choice, value) => choice !== undefined && !choice.open.map(canonical).includes(canonical(value));

function select(spec, id) {
  const options = spec.options.map(([label, value]) => h("option", { value: plain(value) }, label));
  const input = h("select", { id, name: spec.name }, ...options);
  return {
    node: single(spec, labelled(spec, id), input),
    allow: (choice) => options.forEach((option, i) => {
      const [label, value] = spec.options[i];
      option.disabled = shut(choice, value);
      option.textContent = option.disabled ? `${label} (${choice?.why})` : label;
    }),
    read: () => spec.options[input.selectedIndex][1],
    write: (text) => (input.selectedIndex = spec.options.findIndex(([, value]) => value === text)),
    parse: ([typed]) => chosen(spec, typed),
  };
}

/** Radio buttons or checkboxes in a fieldset: `[input, JSON text]` pairs and the node that holds them. */
function choices(spec, type) {
  const inputs = spec.options.map(([, value]) => h("input", { type, name: spec.name, value: plain(value) }));
  const labels = inputs.map((input, i) => h("label", {}, input, h("span", {}, spec.options[i][0])));
  return { inputs, node: group(spec, h("div", { class: "live-choices" }, ...labels)) };
}

function radio(spec) {
  const { inputs, node } = choices(spec, "radio");
  return {
    node,
    allow: (choice) => inputs.forEach((input, i) => {
      input.disabled = shut(choice, spec.options[i][1]);
      input.parentElement?.setAttribute("title", input.disabled ? (choice?.why ?? "") : "");
    }),
    read: () => spec.options[inputs.findIndex((input) => input.checked)][1],
    write: (text) => inputs.forEach((input, i) => (input.checked = spec.options[i][1] === text)),
    parse: ([typed]) => chosen(spec, typed),
  };
}

function checkboxes(spec) {
  const { inputs, node } = choices(spec, "checkbox");
  const among = (is) => listed(spec.options.filter(([, value], i) => is(value, i)).map(([, value]) => value));
  return {
    node,
    read: () => among((_, i) => inputs[i].checked),
    write: (text) => {
      const values = JSON.parse(text).map((value) => JSON.stringify(value));
      inputs.forEach((input, i) => (input.checked = values.includes(canonical(spec.options[i][1]))));
    },
    parse: (typed) => {
      const values = typed.filter((name) => name !== "").map((name) => chosen(spec, name));
      return among((value) => values.includes(value));
    },
    print: (text) => {
      const values = JSON.parse(text).map((value) => plain(JSON.stringify(value)));
      return values.length ? values : [""];
    },
  };
}

const KINDS = { slider, log, number, text, textarea, checkbox, select, radio, checkboxes };

/** One control with its place for a sentence of refusal. */
export function control(spec, id) {
  const made = { print: (text) => [plain(text)], allow: () => {}, pause: 0, long: () => false, ...KINDS[spec.kind](spec, id), spec };
  const error = h("p", { class: "live-error", id: `${id}-error`, hidden: true });
  made.node.append(error);
  made.refuse = (sentence) => {
    error.textContent = shortened(sentence);
    error.hidden = !sentence;
    for (const field of made.node.querySelectorAll("input, select, textarea")) {
      for (const [name, value] of Object.entries({ "aria-invalid": "true", "aria-describedby": error.id })) {
        if (sentence) field.setAttribute(name, value);
        else field.removeAttribute(name);
      }
    }
  };
  return made;
}
