import { View, el } from '../dom.js';
import { errorText, strings } from '../strings.js';
import { passwordField } from './password-field.js';

const words = strings.password;

/** Changes the password. */
export class PasswordView extends View {
  #core;
  #current = passwordField({ label: words.current, name: 'current-password', autocomplete: 'current-password' });
  #next = passwordField({ label: words.next, name: 'new-password', autocomplete: 'new-password', judged: true });
  #submit = el('button', { type: 'submit', class: 'btn btn-outline-primary' }, words.change);
  #alert = el('p', { class: 'form-alert', role: 'alert' });
  #status = el('p', { class: 'card-note', role: 'status' });

  constructor(core, store) {
    super();
    this.#core = core;
    // Password managers want to know whose password this is.
    const name = el('input', { type: 'text', name: 'username', autocomplete: 'username', value: store.session.name, hidden: true, 'aria-hidden': 'true' });
    this.root = el(
      'form',
      { class: 'card-form', novalidate: true, on: { submit: (event) => (event.preventDefault(), this.#change()) } },
      name,
      this.#alert,
      this.#current.root,
      this.#next.root,
      this.#submit,
      this.#status,
    );
  }

  focus() {
    this.#current.input.focus();
  }

  async #change() {
    if (!this.#complete()) return;
    this.#busy(true);
    try {
      await this.#core.command('password', { current: this.#current.value, password: this.#next.value });
      if (this.closed) return;
      this.#busy(false);
      this.root.reset();
      this.#next.hint('');
      this.#status.textContent = words.changed;
    } catch (error) {
      if (!this.closed) this.#refused(error);
    }
  }

  #complete() {
    this.#alert.textContent = '';
    this.#status.textContent = '';
    this.#current.error(this.#current.value ? '' : words.noCurrent);
    this.#next.error(this.#next.value ? '' : words.noNext);
    const missing = [this.#current, this.#next].find((field) => !field.value);
    missing?.input.focus();
    return !missing;
  }

  #busy(is) {
    this.#submit.disabled = is;
    this.#status.textContent = is ? strings.sign.deriving : '';
  }

  #refused(error) {
    this.#busy(false);
    const field = { 'wrong-password': this.#current, 'weak-password': this.#next }[error.code];
    if (!field) return void (this.#alert.textContent = errorText(error));
    field.error(error.code === 'wrong-password' ? words.wrong : errorText(error));
    field.input.focus();
  }
}
