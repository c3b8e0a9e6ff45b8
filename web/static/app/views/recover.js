import { View, el } from '../dom.js';
import { errorText, strings } from '../strings.js';
import { Field } from './field.js';
import { withRoom } from './make-room.js';
import { passwordField } from './password-field.js';
import { recoveryField } from './rehearsal.js';

const words = strings.recover;

/** The way back in for who forgot the password: user name, recovery code, new password. */
export class RecoverForm extends View {
  #core;
  #name;
  #code = recoveryField();
  #password = passwordField({ label: words.password, name: 'new-password', autocomplete: 'new-password', judged: true });
  #submit = el('button', { type: 'submit', class: 'btn btn-primary' }, words.submit);
  #alert = el('p', { class: 'form-alert', role: 'alert' });
  #status = el('p', { class: 'form-status', role: 'status' });

  /** `back()` is called when the person remembers the password after all. */
  constructor(core, name, back) {
    super();
    this.#core = core;
    this.#name = new Field({
      label: strings.sign.name,
      attributes: { name: 'username', autocomplete: 'username', autocapitalize: 'none', spellcheck: 'false', maxlength: '200', value: name },
    });
    this.root = el(
      'form',
      { class: 'sign-form', novalidate: true, on: { submit: (event) => (event.preventDefault(), this.#recover()) } },
      el('h1', null, words.title),
      el('p', { class: 'sign-intro' }, words.intro),
      this.#alert,
      this.#name.root,
      this.#code.root,
      this.#password.root,
      this.#submit,
      this.#status,
      el('button', { type: 'button', class: 'btn btn-quiet', on: { click: back } }, words.back),
    );
  }

  /** To be called when the root is on the page. */
  shown() {
    (this.#name.value ? this.#code : this.#name).input.focus();
  }

  async #recover() {
    if (!this.#complete()) return;
    this.#busy(true);
    try {
      await withRoom(this.#core, 'recover', { name: this.#name.value.trim(), code: this.#code.value.trim(), password: this.#password.value });
    } catch (error) {
      if (!this.closed) this.#refused(error);
    } finally {
      if (!this.closed) this.#busy(false);
    }
  }

  #complete() {
    this.#alert.textContent = '';
    const missing = [
      [this.#name, strings.sign.noName],
      [this.#code, strings.rehearsal.empty],
      [this.#password, words.noPassword],
    ].filter(([field, text]) => (field.error(field.value.trim() ? '' : text), !field.value.trim()));
    missing[0]?.[0].input.focus();
    return missing.length === 0;
  }

  #busy(is) {
    this.#submit.disabled = is;
    this.#status.textContent = is ? strings.sign.deriving : '';
    this.root.classList.toggle('busy', is);
  }

  #refused(error) {
    this.#busy(false);
    const field = {
      'name-invalid': this.#name,
      'recovery-code': this.#code,
      'wrong-password': this.#code,
      'weak-password': this.#password,
    }[error.code];
    if (!field) return void (this.#alert.textContent = errorText(error));
    field.error(error.code === 'wrong-password' ? words.wrong : errorText(error));
    field.input.focus();
  }
}
