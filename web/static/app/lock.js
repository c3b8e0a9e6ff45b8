// One tab runs the core. Two cores on one device's keys would use a key twice, so the tab that holds
// the Web Lock runs it, and every other tab waits in line for the lock or takes it over.

const name = 'frond-core';
const patience = 1500; // ms a tab that takes over waits to hear that the other core has ended

export class TabLock {
  #handlers;
  #channel = new BroadcastChannel(name);
  #queue;

  /**
   * `onHeld()`: this tab may run the core now. `onElsewhere()`: another tab runs it. `onLost()`: this
   * tab must end its core before it returns. `onRefused(error)`: this browser gives out no lock, as it
   * does where pages may store nothing.
   */
  constructor(handlers) {
    this.#handlers = handlers;
  }

  static get supported() {
    return Boolean(globalThis.navigator?.locks && globalThis.BroadcastChannel);
  }

  /** Takes the lock if it is free; otherwise waits for it. */
  async start() {
    const free = await this.#request({ ifAvailable: true }, () => this.#handlers.onHeld());
    if (!free) this.#wait();
  }

  /** Takes the lock away from the tab that has it. */
  async takeOver() {
    this.#queue?.abort();
    const ended = this.#hear('ended', patience);
    await this.#request({ steal: true }, async () => {
      await ended;
      this.#handlers.onHeld();
    });
  }

  #wait() {
    this.#handlers.onElsewhere();
    this.#queue = new AbortController();
    this.#request({ signal: this.#queue.signal }, () => this.#handlers.onHeld());
  }

  // Resolves to whether the lock was granted. Once it is, it is held until the tab ends or another
  // one steals it.
  #request(options, held) {
    return new Promise((resolve) => {
      navigator.locks
        .request(name, options, async (lock) => {
          resolve(Boolean(lock));
          if (!lock) return;
          await held();
          await new Promise(() => {});
        })
        .catch((error) => {
          if (error.name !== 'AbortError') return this.#handlers.onRefused(error);
          resolve(false);
          if (!options.signal?.aborted) this.#lost();
        });
    });
  }

  #lost() {
    this.#handlers.onLost();
    this.#channel.postMessage('ended');
    this.#wait();
  }

  #hear(word, timeout) {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#channel.removeEventListener('message', listener);
        resolve();
      };
      const listener = ({ data }) => data === word && done();
      const timer = setTimeout(done, timeout);
      this.#channel.addEventListener('message', listener);
    });
  }
}
