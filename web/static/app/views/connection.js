import { View, el } from '../dom.js';
import { strings } from '../strings.js';

const words = strings.connection;
const grace = 1200; // ms a connection may be away before it is worth a word

/** A bar that says when the server is away, and that nothing is lost by it. */
export class ConnectionView extends View {
  #core;
  #store;
  #text = el('span');
  #retry;
  #timer;

  constructor(core, store) {
    super();
    this.#core = core;
    this.#store = store;
    this.#retry = el('button', { type: 'button', class: 'btn btn-link', on: { click: () => this.#reconnect() } }, words.retry);
    this.root = el('div', { class: 'connection', hidden: true }, el('span', { role: 'status' }, this.#text), this.#retry);
    this.own(store.on('connection', () => this.#changed()));
    this.own(() => clearTimeout(this.#timer));
    this.listen(window, 'online', () => this.#reconnect());
    this.listen(document, 'visibilitychange', () => {
      if (document.visibilityState === 'visible' && store.connection.state === 'offline') this.#reconnect();
    });
    this.#changed();
  }

  #changed() {
    clearTimeout(this.#timer);
    if (this.#store.connection.state === 'online') {
      this.root.hidden = true;
    } else {
      this.#timer = setTimeout(() => this.#show(), this.root.hidden ? grace : 0);
    }
  }

  #show() {
    const { state, retryAt } = this.#store.connection;
    const seconds = Math.ceil(((retryAt ?? 0) - Date.now()) / 1000);
    const offline = state === 'offline';
    const text = offline ? words.offline : words.connecting;
    if (this.#text.textContent !== text) this.#text.textContent = text;
    this.#retry.hidden = !offline;
    this.#retry.title = offline && seconds > 0 ? words.retryIn(seconds) : '';
    this.root.dataset.state = state;
    this.root.hidden = false;
  }

  // A refusal needs no word here: the bar stays, and that says it.
  #reconnect() {
    this.#core.command('reconnect').catch(() => {});
  }
}
