// Axes that stand still while a slider is dragged: they grow where a mark would leave them, and settle at its end.

const CONTINUOUS = new Set(["linear", "log", "pow", "sqrt", "symlog", "time", "utc"]);
const signal = (name) => `held_${name}`;

/** The fields of data that a scale's domain runs over: pairs of data and field. */
function fieldsOf(domain) {
  if (!domain || Array.isArray(domain) || typeof domain !== "object") return [];
  const { data, field, fields = field ? [field] : [] } = domain;
  const pairs = fields.map((one) => (typeof one === "string" ? { data, field: one } : one));
  return pairs.every((pair) => pair.data && typeof pair.field === "string") ? pairs : [];
}

/** A compiled chart whose scales can be held, and which they are. */
export function holdable(compiled) {
  /** @type {Record<string, {data: string, field: string}[]>} */
  const held = {};
  const scales = (compiled.scales ?? []).map((scale) => {
    const pairs = CONTINUOUS.has(scale.type) && !scale.domainRaw ? fieldsOf(scale.domain) : [];
    if (pairs.length === 0) return scale;
    held[scale.name] = pairs;
    return { ...scale, domainRaw: { signal: signal(scale.name) } };
  });
  const signals = [...(compiled.signals ?? []), ...Object.keys(held).map((name) => ({ name: signal(name), value: null }))];
  return { spec: { ...compiled, scales, signals }, held };
}

const ends = (values) => [Math.min(...values), Math.max(...values)];

/** The axes of a drawn chart. */
export class Axes {
  on = false;

  constructor(view, held) {
    this.view = view;
    this.held = held;
  }

  /** From now on axes only grow. */
  hold() {
    this.on = true;
    for (const name of Object.keys(this.held)) this.view.signal(signal(name), ends(this.view.scale(name).domain().map(Number)));
  }

  release() {
    this.on = false;
    for (const name of Object.keys(this.held)) this.view.signal(signal(name), null);
  }

  /** Widens the held axes to what has been fed; tells whether any had to be. */
  grow() {
    let grown = false;
    for (const [name, pairs] of Object.entries(this.on ? this.held : {})) {
      const own = this.view.signal(signal(name));
      const fed = pairs.flatMap(({ data, field }) => this.view.data(data).map((row) => Number(row[field])));
      const [least, most] = ends([...own, ...fed.filter(Number.isFinite)]);
      if (least >= own[0] && most <= own[1]) continue;
      this.view.signal(signal(name), [least, most]);
      grown = true;
    }
    return grown;
  }
}
