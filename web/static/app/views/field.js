import { el, uniqueId } from '../dom.js';

/**
 * A labelled text box with room for a hint and for an error beside it. `attributes` go to the input;
 * `extra` is put after it in the same frame.
 */
export class Field {
  #hint;
  #error;

  constructor({ label, hint, attributes, extra }) {
    const id = uniqueId('field');
    this.#hint = el('p', { class: 'field-hint', id: `${id}-hint`, hidden: !hint }, hint);
    this.#error = el('p', { class: 'field-error', id: `${id}-error`, 'aria-live': 'polite' });
    this.input = el('input', {
      class: 'form-control',
      id,
      type: 'text',
      'aria-describedby': `${id}-hint ${id}-error`,
      ...attributes,
    });
    const frame = extra ? el('div', { class: 'field-frame' }, this.input, extra) : this.input;
    this.root = el('div', { class: 'field' }, el('label', { for: id }, label), frame, this.#hint, this.#error);
    this.input.addEventListener('input', () => this.error(''));
  }

  get value() {
    return this.input.value;
  }

  hint(text) {
    this.#hint.textContent = text;
    this.#hint.hidden = !text;
  }

  /** Shows an error beside the box, or takes it away when text is empty. */
  error(text) {
    this.#error.textContent = text;
    this.input.classList.toggle('is-invalid', Boolean(text));
    this.input.toggleAttribute('aria-invalid', Boolean(text));
    if (text) this.input.setAttribute('aria-invalid', 'true');
  }
}
