// Values as the JSON text Python understands, and the numbers among them.

/** Says in one sentence what is wrong with a value; shown beside the control. */
export class Refusal extends Error {}

/** The form in which two equal values have equal texts, whoever wrote them (1 and 1.0, 1e-7 and 1e-07). */
export const canonical = (text) => JSON.stringify(JSON.parse(text));
export const same = (a, b) => Object.keys(a).every((name) => name in b && canonical(a[name]) === canonical(b[name]));
/** A value as a link or an attribute shows it: strings bare, anything else as JSON. */
export const plain = (text) => (text[0] === '"' ? JSON.parse(text) : text);
export const listed = (texts) => `[${texts.join(", ")}]`;
/** A value as a message repeats it: enough of it to be recognised. */
export const brief = (text) => (text.length > 40 ? `${text.slice(0, 40)}…` : text);
/** A sentence without a word that would fill the page. */
export const shortened = (sentence) => sentence.replace(/\S{81,}/g, brief);
export const enumerated = (names) => (names.length > 8 ? [...names.slice(0, 8), "…"] : names).join(", ");

const decimals = (number) => {
  const [digits, exponent = 0] = String(number).split("e");
  return Math.max(0, (digits.split(".")[1] ?? "").length - Number(exponent));
};

export const numberText = (spec, number) => {
  const text = String(number);
  return spec.float && /^-?\d+$/.test(text) ? `${text}.0` : text;
};

/** The slider's step nearest to `number`, free of the noise of adding steps. */
export function snapped({ min, max, step }, number) {
  const at = min + Math.round((number - min) / step) * step;
  return Math.min(Number(at.toFixed(Math.max(decimals(min), decimals(step)))), max);
}

/** A power as a figure someone would type: a whole power as it is, any other to four digits. */
export const power = (base, exponent) => Number((base ** exponent).toPrecision(Number.isInteger(exponent) ? 15 : 4));

/** A whole slider's figure is grouped, unless it runs over years. */
const grouping = (comma, type, { min, max }) => comma === "," || (type === "d" && !(min >= 1000 && max <= 3000));

/** The part of d3's number formats that sliders use: [,][.digits][d f e g %]. */
export function formatted(number, format = "", range = { min: undefined, max: undefined }) {
  const [, comma, digits, type] = /^(,?)(?:\.(\d+))?([dfeg%]?)$/.exec(format) ?? [];
  if (type === "e") return number.toExponential(digits);
  const options = { useGrouping: grouping(comma, type, range), maximumFractionDigits: 20 };
  if (type === "d") options.maximumFractionDigits = 0;
  if (type === "%") options.style = "percent";
  if (type === "g") options.maximumSignificantDigits = Number(digits ?? 6);
  else if (digits) options.minimumFractionDigits = options.maximumFractionDigits = Number(digits);
  return new Intl.NumberFormat("en", options).format(number).replace("-", "−");
}

/** A figure of any size as a field shows it: grouped, to four digits, its whole part to the last. */
export const readable = (number) => {
  const digits = Math.max(4, Math.ceil(Math.log10(Math.abs(number) + 1)));
  return new Intl.NumberFormat("en", { maximumSignificantDigits: Math.min(digits, 21) }).format(number);
};

/** The JSON text of a number someone typed, or a sentence on what is asked for. */
export function typedNumber(spec, typed, { min, max } = spec) {
  const number = Number(typed.replaceAll(/(?<=\d),(?=\d)/g, ""));
  const kind = spec.float ? "a number" : "a whole number";
  const range = min === undefined || max === undefined ? "" : ` from ${formatted(min, ",")} to ${formatted(max, ",")}`;
  const fits = typed.trim() !== "" && Number.isFinite(number) && (spec.float || Number.isInteger(number));
  if (!fits || number < min || number > max) throw new Refusal(`Choose ${kind}${range}.`);
  return numberText(spec, number);
}

export const powers = ({ base, min, max }) => ({ min: power(base, min), max: power(base, max) });
