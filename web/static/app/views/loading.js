import { View, el } from '../dom.js';
import { frond } from '../icons.js';
import { strings } from '../strings.js';

/** The first thing a person sees: the mark, what is going on, and how far it got. */
export class LoadingView extends View {
  #text = el('p', { class: 'splash-text', role: 'status' }, strings.loading.core);
  #bar = el('progress', { class: 'splash-bar', max: '1', 'aria-label': strings.loading.core });

  constructor() {
    super();
    this.root = el('main', { class: 'splash' }, frond(), this.#text, this.#bar);
  }

  progress({ loaded, size }) {
    this.#bar.value = size > 0 ? Math.min(1, loaded / size) : 0;
  }

  starting() {
    this.#bar.removeAttribute('value');
    this.#text.textContent = strings.loading.starting;
  }
}

/** A screen with one thing to say and at most one thing to do. */
export class NoticeView extends View {
  constructor({ title, text, action, onAction }) {
    super();
    const button = action && el('button', { type: 'button', class: 'btn btn-primary', on: { click: () => onAction(button) } }, action);
    this.root = el('main', { class: 'splash' }, frond(), el('h1', null, title), el('p', { class: 'splash-text' }, text), button);
  }
}
