import { View, el, uniqueId } from '../dom.js';

const open = new Set();

/** Closes every dialog: what stood behind them is gone. */
export const closeDialogs = () => [...open].forEach((dialog) => dialog.close());

/**
 * A modal dialog on the browser's own <dialog>: Escape closes it and the focus returns to where it
 * came from. `result` resolves when it closes, to what `finish` was given, or undefined.
 */
export class DialogView extends View {
  #finish;
  #value;

  /** Without `confirm` there is only the way out. `danger` marks a dialog whose
   *  confirmation takes something away; `extra` is one more button. */
  constructor({ title, content, confirm, cancel, submit, danger, extra }) {
    super();
    const id = uniqueId('dialog');
    this.alert = el('p', { class: 'form-alert', role: 'alert' });
    this.confirm = el('button', { type: 'submit', class: ['btn', danger ? 'btn-danger' : 'btn-primary'] }, confirm);
    this.cancel = el('button', { type: 'button', class: 'btn btn-quiet', on: { click: () => this.root.close() } }, cancel);
    this.confirm.hidden = !confirm;
    const form = el(
      'form',
      { novalidate: true, on: { submit: (event) => (event.preventDefault(), submit()) } },
      el('h2', { id }, title),
      content,
      this.alert,
      el('div', { class: 'dialog-buttons' }, this.cancel, extra, this.confirm),
    );
    this.root = el('dialog', { class: 'dialog', 'aria-labelledby': id }, form);
    this.result = new Promise((resolve) => (this.#finish = resolve));
    this.listen(this.root, 'close', () => this.close());
    this.listen(this.root, 'pointerdown', (event) => event.target === this.root && this.root.close());
  }

  open() {
    const page = document.getElementById('app');
    page.setAttribute('aria-hidden', 'true'); // for those who read the page without its modality
    this.own(() => page.removeAttribute('aria-hidden'));
    this.own(() => this.#finish(this.#value));
    open.add(this);
    this.own(() => open.delete(this));
    document.body.append(this.root);
    this.root.showModal();
    return this.result;
  }

  finish(value) {
    this.#value = value;
    this.root.close();
  }

  busy(is, text) {
    this.confirm.disabled = is;
    this.confirm.textContent = text;
    this.root.classList.toggle('busy', is);
  }
}
