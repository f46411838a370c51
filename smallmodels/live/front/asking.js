// Questions to the small model: a worker of its own answers them in a published page, Python in a notebook.

/** Questions by number, each with its answer; `send` takes them away, `heard` brings what comes back. */
export class Questions {
  count = 0;
  /** @type {Map<number, {resolve: (answer: any) => void, reject: (problem: Error) => void}>} */
  open = new Map();

  constructor(send) {
    this.send = send;
  }

  ask(question, given = {}) {
    const id = ++this.count;
    return new Promise((resolve, reject) => {
      this.open.set(id, { resolve, reject });
      this.send({ id, question, given });
    });
  }

  heard({ id, answer, failed }) {
    const asked = this.open.get(id);
    this.open.delete(id);
    if (failed) asked?.reject(new Error(failed));
    else asked?.resolve(answer);
  }

  /** Nobody will answer any more. */
  lose(reason) {
    for (const { reject } of this.open.values()) reject(new Error(reason));
    this.open.clear();
  }
}

/** The worker of a page: started by the first question, and anew after it was lost. */
export class ModelWorker {
  /** @type {Worker | undefined} */
  worker;

  /**
   * @param {URL} address of the worker's script
   * @param {(done: number, all: number) => void} progress of its files
   */
  constructor(address, progress) {
    this.address = address;
    this.progress = progress;
    this.questions = new Questions((message) => this.started().postMessage(message));
  }

  started() {
    if (this.worker) return this.worker;
    const worker = new Worker(this.address, { type: "module" });
    worker.onmessage = ({ data }) => {
      if (data.progress) this.progress(data.progress.done, data.progress.all);
      else this.questions.heard(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      worker.terminate();
      this.worker = undefined;
      this.questions.lose(event.message || "its script did not load or could not run");
    };
    return (this.worker = worker);
  }

  ask(question, given) {
    return this.questions.ask(question, given);
  }
}
