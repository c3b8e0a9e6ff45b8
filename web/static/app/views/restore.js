import { View, el } from '../dom.js';
import { number } from '../format.js';
import { strings } from '../strings.js';

const words = strings.restore;

/** How far the history of the account has come back to a device that is new. */
export class RestoreView extends View {
  #store;
  #text = el('p', { class: 'restore-text' });
  #bar = el('progress', { class: 'splash-bar restore-bar', 'aria-label': words.label });

  constructor(store) {
    super();
    this.#store = store;
    this.root = el('div', { class: 'restore' }, this.#text, this.#bar);
    this.own(store.on('restore', () => this.#draw()));
    this.own(store.on('session', () => this.#draw()));
    this.#draw();
  }

  #draw() {
    const { restore } = this.#store;
    this.root.hidden = !restore;
    if (!restore) return;
    const { done, total } = restore;
    this.#text.textContent = total > 0 ? words.progress(number(done), number(total)) : words.begun;
    this.#bar.max = Math.max(1, total);
    if (total > 0) this.#bar.value = done;
    else this.#bar.removeAttribute('value');
  }
}
