// Python in a worker, one for the page, and a watch on it.
import { megabytes, scriptFault } from "./faults.js";

const STARTING_PATIENCE = 30; // seconds without a sign of life while Python starts
const ANSWER_PATIENCE = 15; // seconds that one question may take

/** Counts the seconds without a sign of life. In ticks, so that a page that slept or was frozen accuses nobody. */
class Watch {
  /** @type {ReturnType<typeof setInterval> | undefined} */
  timer;

  expect(seconds, act) {
    this.rest();
    let left = seconds;
    this.timer = setInterval(() => --left <= 0 && act(), 1000);
  }

  rest() {
    clearInterval(this.timer);
  }
}

/** What the worker is asked for one state of a view. */
export const question = ({ data }, state) => ({ name: data.function, args: JSON.stringify({ ...data.fixed, ...state }) });

/** @typedef {{view: any, state: import("./types").State, resolve: (result: import("./types").Result) => void}} Asked */

/** Of several moves of one Live only the latest is answered. A worker that died is started anew, once in a row. */
export class Engine {
  state = "static";
  reason = "";
  progress = ""; // how far the files have come
  spoke = false; // whether this worker, or the one before, has answered since it started
  questions = [];
  /** @type {Map<any, Asked>} */
  asked = new Map();
  /** @type {Asked | null} */
  current = null;
  /** @type {Worker | undefined} */
  worker;
  watch = new Watch();

  /**
   * @param {URL} address of the worker's script
   * @param {{changed: (state: string) => void, progressed: (text: string) => void}} host
   */
  constructor(address, host) {
    this.address = address;
    this.host = host;
  }

  start(questions) {
    if (this.state !== "static") return;
    this.questions = questions;
    this.spoke = true;
    this.launch();
  }

  /** Another try, when a reader asks for one. */
  again() {
    if (this.state === "failed") this.launch();
  }

  launch() {
    this.become("starting");
    this.alive();
    try {
      this.worker = new Worker(this.address, { type: "module" });
    } catch (problem) {
      return this.broke(problem.message);
    }
    const own = this.worker;
    own.onmessage = ({ data }) => own === this.worker && this.heard(data);
    own.onerror = async (event) => {
      event.preventDefault();
      const running = this.state === "live" && event.message;
      const why = running || (await scriptFault(this.address, event.message));
      if (own === this.worker) this.broke(why);
    };
    own.postMessage({ questions: this.questions });
  }

  /** A sign of life while Python starts. */
  alive() {
    this.watch.expect(STARTING_PATIENCE, () => this.broke(`nothing came for ${STARTING_PATIENCE} seconds`));
  }

  heard({ progress, ready, failed, answer, broken }) {
    if (failed) return this.broke(failed);
    if (progress) return this.came(progress);
    this.watch.rest();
    if (ready) this.become("live");
    else this.answered(broken ? { error: `This could not be computed: ${lastLine(broken)}` } : JSON.parse(answer));
    if (broken) console.error(broken);
    this.next();
  }

  came({ done, all }) {
    this.alive();
    if (!all) return;
    this.progress = done < all ? `${megabytes(done)} of ${megabytes(all)} MB` : "";
    this.host.progressed(this.progress);
  }

  answered(result) {
    this.spoke = true;
    this.current?.resolve(result);
    this.current = null;
  }

  become(state) {
    this.state = state;
    this.progress = "";
    this.host.changed(state);
  }

  /** The worker is lost. One that had answered is started anew; another is not, until a reader asks for it. */
  broke(reason) {
    this.watch.rest();
    this.worker?.terminate();
    this.worker = undefined;
    const started = this.state === "live";
    this.reason = `Python ${started ? "stopped" : "could not start"} in this page (${reason.replace(/\.$/, "")})`;
    const lost = this.current;
    this.current = null;
    const anew = started && this.spoke;
    this.spoke = false;
    if (anew) this.launch();
    else this.fail();
    lost?.resolve(anew ? { unknown: `${this.reason}. It is being started anew; this table comes with it.` } : this.unknown());
  }

  fail() {
    this.become("failed");
    for (const { resolve } of this.asked.values()) resolve(this.unknown());
    this.asked.clear();
  }

  unknown() {
    return { unknown: `${this.reason}, and this state was not computed beforehand. Reset shows the first table.` };
  }

  ask(view, state) {
    if (this.state === "failed") return Promise.resolve(this.unknown());
    return new Promise((resolve) => {
      this.asked.delete(view); // the latest value wins, and stands last in the queue
      this.asked.set(view, { view, state, resolve });
      this.next();
    });
  }

  next() {
    if (this.state !== "live" || this.current || this.asked.size === 0) return;
    const asked = [...this.asked.values()][this.asked.size - 1];
    this.asked.delete(asked.view);
    this.current = asked;
    this.watch.expect(ANSWER_PATIENCE, () => this.broke(`it has not answered for ${ANSWER_PATIENCE} seconds`));
    this.worker?.postMessage(question(asked.view, asked.state));
  }
}

const lastLine = (text) => text.trim().split("\n").at(-1);
