// What the modules of the front end hand to one another. Types only: nothing of this is sent to a page.

/** Argument to JSON text. */
export type State = Record<string, string>;

/** A row that a chart draws. */
export type Row = Record<string, string | number | boolean | null>;

/** The values of an argument that show something while the others stay, and why no other can be chosen. */
export type Choice = { open: string[]; why: string };

/** What one state shows; of `error`, `unknown` and `silent` at most one says why it shows nothing. */
export type Result = {
  html?: string;
  finding?: string;
  verdict?: string; // HTML
  notes?: string[];
  sources?: string[]; // HTML
  record?: string[];
  series?: Record<string, Row[]>;
  csv?: string;
  markdown?: string;
  svg?: string;
  values?: State;
  choices?: Record<string, Choice>; // by argument that depends on the others
  nearest?: State; // what to change for a state that shows something
  error?: string;
  unknown?: string;
  silent?: string;
};

/** What there is to know of a control (`controls.py` describes it). */
export type Spec = {
  name: string;
  kind: string;
  label: string;
  value: string;
  options?: [string, string][];
  float?: boolean;
  min?: number;
  max?: number;
  step?: number;
  base?: number;
  readout_format?: string;
};

export type Control = {
  spec: Spec;
  node: HTMLElement;
  read(): string;
  write(text: string): void;
  parse(typed: string[]): string;
  print(text: string): string[];
  refuse(sentence: string): void;
  /** Milliseconds to wait for another key before what stands there is read. */
  pause: number;
  /** Whether a value is too long to be carried by a link. */
  long(text: string): boolean;
  /** Shuts the options that would show nothing; none where they depend on nothing. */
  allow(choice?: Choice): void;
};

/** The JSON in a `Live`'s HTML, from which its front end starts. */
export type Described = {
  function: string;
  fixed: State;
  controls: Spec[];
  reset: string;
  chart: Record<string, any> | null;
  result: Result;
};

/** Whoever computes for a view: a kernel, or the page's worker. */
export type Host = {
  state: string;
  drawing: string;
  links: boolean;
  /** vega, with its compiler unless the chart is compiled already */
  vega(compiled: boolean): Promise<any>;
  ask(view: any, state: State): Promise<Result>;
  again?(view: any): void;
  /** A view shows another state. */
  shown?(view: any): void;
  /** Where the page has its own entry for a source. */
  entry?(id: string | undefined): string;
};

/** What shows an explanation beside what it explains. */
export type Tip = { show(text: string, rect: DOMRect, owner: Element | null): void; hide(): void };

declare global {
  const __PYODIDE_INFO__: Record<string, string>;
  const __FILES__: Record<string, { size: number; sum: number }>;
  const __MODELS__: {
    built: Record<string, { size: number; sum: number }>;
    language: string;
    checkpoints: Record<string, { weights: string; config: any }>;
  };
  interface Navigator {
    connection?: { saveData: boolean };
  }
}
