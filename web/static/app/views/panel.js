import { View, el, replace } from '../dom.js';
import { icon } from '../icons.js';

/** A page beside the list that is no conversation: a head with a way back, and sections below it. */
export class PanelView extends View {
  #title;
  body = el('div', { class: 'panel-body' });

  constructor({ title, back, backLabel }) {
    super();
    this.#title = el('h1', { class: 'top-title', dir: 'auto', tabindex: '-1' }, title);
    this.root = el(
      'main',
      { class: 'panel' },
      el(
        'header',
        { class: 'top' },
        el('a', { class: 'btn btn-round panel-back', href: back, 'aria-label': backLabel, title: backLabel }, icon('back')),
        el('div', { class: 'top-text' }, this.#title),
      ),
      el('div', { class: 'panel-scroll', tabindex: '-1' }, this.body),
    );
  }

  /** To be called when the root is on the page: whoever reads by ear begins at the title. */
  opened() {
    this.focus();
  }

  focus() {
    this.#title.focus({ preventScroll: true });
  }

  /** To be called when somebody comes here who is here already. */
  again() {
    this.opened();
  }

  /** Shows something else in the body. The focus stays with what is still there, and is not lost to the start of the page. */
  draw(...content) {
    const name = (node) => `${node.tagName} ${node.getAttribute('aria-label') ?? node.textContent}`;
    const had = this.body.contains(document.activeElement) && name(document.activeElement);
    replace(this.body, content);
    if (had) ([...this.body.querySelectorAll('a, button, select')].find((node) => name(node) === had) ?? this).focus();
    else if (document.activeElement === document.body) this.focus();
  }

  set title(text) {
    if (this.#title.textContent !== text) this.#title.textContent = text;
  }
}

/** A section of a panel, under a heading of its own. */
export const section = (title, ...content) => el('section', { class: 'panel-section', 'aria-label': title }, el('h2', null, title), content);

/** Says that something is on its way. */
export const waiting = (text) =>
  el('p', { class: 'muted panel-waiting', role: 'status' }, el('span', { class: 'spinner-border spinner-border-sm', 'aria-hidden': 'true' }), ` ${text}`);

/** Says that something did not come, and offers to try again. */
export const trouble = (text, label, again) =>
  el('p', { class: 'form-alert', role: 'alert' }, text, ' ', el('button', { type: 'button', class: 'btn btn-link', on: { click: again } }, label));
