// The page's end of the worker that runs the client core.

const workerURL = new URL('./worker.js', import.meta.url).href;

// The one policy the content security policy allows, for the one script address the page ever makes.
const policy = globalThis.trustedTypes?.createPolicy('frond', {
  createScriptURL(url) {
    if (url !== workerURL) throw new TypeError('not the address of the worker');
    return url;
  },
}) ?? { createScriptURL: (url) => url };

/** What a command is refused with: a code for programs, a sentence for people. */
export class CoreError extends Error {
  constructor({ code, message }) {
    super(message);
    this.code = code;
  }
}

export class Core {
  #worker;
  #pending = new Map();
  #id = 0;

  /** Starts a worker. `onEvent(name, data)` gets everything that is not a reply. */
  constructor(onEvent, { wasm, size, progress }) {
    this.#worker = new Worker(policy.createScriptURL(workerURL), { type: 'module', name: 'frond' });
    this.#worker.addEventListener('message', ({ data }) => {
      if (data.event) onEvent(data.event, data.data);
      else this.#settle(data);
    });
    this.#worker.addEventListener('error', (event) => onEvent('crashed', { text: event.message ?? 'the worker did not load' }));
    this.#worker.postMessage({ wasm, size, progress });
  }

  /** Sends a command; the promise holds its answer, or rejects with a CoreError. */
  command(command, data = {}) {
    const id = ++this.#id;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#worker.postMessage({ id, command, data });
    });
  }

  #settle({ id, ok, error }) {
    const promise = this.#pending.get(id);
    this.#pending.delete(id);
    if (error) promise?.reject(new CoreError(error));
    else promise?.resolve(ok ?? {});
  }

  /** Ends the core at once. Whatever it had not stored yet is as if it never began. */
  stop() {
    this.#worker.terminate();
    for (const { reject } of this.#pending.values()) reject(new CoreError({ code: 'stopped', message: 'stopped' }));
    this.#pending.clear();
  }
}
