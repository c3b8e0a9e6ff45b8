import { el } from '../dom.js';
import { strings } from '../strings.js';
import { Field } from './field.js';

const words = strings.sign;

/** A box for a password that can be looked at. `judged` says beside it how long it is. */
export function passwordField({ label, name, autocomplete, judged }) {
  const show = el('button', { type: 'button', class: 'field-toggle', 'aria-pressed': 'false' }, words.show);
  const field = new Field({ label, attributes: { type: 'password', name, autocomplete, maxlength: '1000' }, extra: show });
  show.addEventListener('click', () => {
    const shown = field.input.type === 'password';
    field.input.type = shown ? 'text' : 'password';
    show.textContent = shown ? words.hide : words.show;
    show.setAttribute('aria-pressed', String(shown));
  });
  if (judged) field.input.addEventListener('input', () => field.hint(strength(field.value)));
  return field;
}

// Length is the only strength a page can judge honestly without a dictionary.
function strength(password) {
  const length = [...password].length;
  if (length === 0) return '';
  if (length < 8) return words.strength.short;
  if (length < 13) return words.strength.fair;
  return length < 20 ? words.strength.good : words.strength.strong;
}
