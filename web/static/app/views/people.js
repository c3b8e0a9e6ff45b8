import { append, el, reconcile, uniqueId } from '../dom.js';
import { icon } from '../icons.js';
import { strings } from '../strings.js';

const words = strings.create;
const separators = /[\s,;]+/;

/**
 * A text box for user names. A comma, a space or Enter turns what was typed into a chip; Backspace in
 * the empty box turns the last chip into text again. What is still text counts as well.
 */
export class PeopleField {
  #chips = []; // user names
  #nodes = new Map(); // user name -> node
  #changed;
  #input;
  #frame;
  #error;

  constructor(changed) {
    this.#changed = changed;
    const id = uniqueId('people');
    this.#input = el('input', {
      type: 'text',
      id,
      autocomplete: 'off',
      autocapitalize: 'none',
      spellcheck: 'false',
      'aria-describedby': `${id}-hint ${id}-error`,
      on: { input: () => this.#typed(), keydown: (event) => this.#key(event) },
    });
    this.#frame = el('div', { class: 'chips form-control', on: { click: (e) => e.target === this.#frame && this.focus() } }, this.#input);
    this.#error = el('p', { class: 'field-error', id: `${id}-error`, 'aria-live': 'polite' });
    this.root = el(
      'div',
      { class: 'field' },
      el('label', { for: id }, words.people),
      this.#frame,
      el('p', { class: 'field-hint', id: `${id}-hint` }, words.peopleHint),
      this.#error,
    );
  }

  /** Every name entered, once. */
  get names() {
    return [...new Set([...this.#chips, ...this.#input.value.split(separators)].filter(Boolean).map((n) => n.toLowerCase()))];
  }

  focus() {
    this.#input.focus();
  }

  error(text) {
    this.#error.textContent = text;
    this.#frame.classList.toggle('is-invalid', Boolean(text));
    if (text) this.#input.setAttribute('aria-invalid', 'true');
    else this.#input.removeAttribute('aria-invalid');
    if (text) this.focus();
  }

  // Everything before the last separator is finished; what follows it is still being typed.
  #typed() {
    this.error('');
    const names = this.#input.value.split(separators);
    if (names.length > 1) {
      const rest = names.pop();
      this.#add(names);
      this.#input.value = rest;
    }
    this.#changed();
  }

  #key(event) {
    if (event.isComposing) return;
    if (event.key === 'Enter' && this.#input.value.trim()) {
      event.preventDefault(); // a finished name, not yet the whole form
      this.#add(this.#input.value.split(separators));
      this.#input.value = '';
      this.#changed();
    } else if (event.key === 'Backspace' && this.#input.value === '' && this.#chips.length > 0) {
      event.preventDefault();
      this.#input.value = this.#chips.at(-1);
      this.#remove(this.#chips.at(-1));
    }
  }

  #add(names) {
    this.#chips = [...new Set([...this.#chips, ...names.filter(Boolean).map((n) => n.toLowerCase())])];
    this.#draw();
  }

  #remove(name) {
    this.#chips = this.#chips.filter((n) => n !== name);
    this.#draw();
    this.focus();
    this.error('');
    this.#changed();
  }

  #draw() {
    for (const name of this.#chips) if (!this.#nodes.has(name)) this.#nodes.set(name, this.#chip(name));
    reconcile(this.#frame, [...this.#chips.map((name) => this.#nodes.get(name)), this.#input]);
  }

  #chip(name) {
    const label = words.remove(name);
    const remove = el('button', { type: 'button', 'aria-label': label, title: label, on: { click: () => this.#remove(name) } }, icon('close'));
    return append(el('span', { class: 'chip' }), [el('span', { dir: 'auto' }, name), remove]);
  }
}
