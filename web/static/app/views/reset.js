import { View, el, uniqueId } from '../dom.js';
import { errorText, strings } from '../strings.js';
import { passwordField } from './password-field.js';

const words = strings.reset;

/** Starts an account over that lost its password and its recovery code, by an administrator's link. */
export default class ResetView extends View {
  #core;
  #link;
  #password = passwordField({ label: words.password, name: 'new-password', autocomplete: 'new-password', judged: true });
  #understood;
  #missing;
  #alert = el('p', { class: 'form-alert', role: 'alert' });
  #status = el('p', { class: 'form-status', role: 'status' });
  #submit = el('button', { type: 'submit', class: 'btn btn-danger' }, words.submit);
  /** The account that comes out of this is new: its session begins with the recovery code. */
  newAccount = true;

  /** `cancel()` is called when the person would rather keep what there is. */
  constructor(core, link, cancel) {
    super();
    this.#core = core;
    this.#link = link;
    const id = uniqueId('understood');
    this.#missing = el('p', { class: 'field-error', id: `${id}-error`, 'aria-live': 'polite' });
    this.#understood = el('input', { class: 'form-check-input', type: 'checkbox', id, 'aria-describedby': `${id}-error`, on: { change: () => this.#missing.replaceChildren() } });
    // Password managers want to know whose password this is.
    const name = el('input', { type: 'text', name: 'username', autocomplete: 'username', value: link.name, hidden: true, 'aria-hidden': 'true' });
    this.root = el(
      'main',
      { class: 'welcome' },
      el(
        'form',
        { class: 'welcome-card', novalidate: true, on: { submit: (event) => (event.preventDefault(), this.#run()) } },
        el('h1', { tabindex: '-1' }, words.title),
        el('p', null, words.intro(link.name)),
        el('h2', { class: 'reset-losing' }, words.losing),
        el('ul', null, words.losses.map((line) => el('li', null, line))),
        el('p', { class: 'recovery-warning' }, words.remembered),
        name,
        this.#alert,
        this.#password.root,
        el('div', { class: 'form-check' }, this.#understood, el('label', { class: 'form-check-label', for: id }, words.understood)),
        this.#missing,
        el('div', { class: 'recovery-buttons' }, el('button', { type: 'button', class: 'btn btn-quiet', on: { click: cancel } }, words.cancel), this.#submit),
        this.#status,
      ),
    );
  }

  /** To be called when the root is on the page. */
  shown() {
    this.root.querySelector('h1').focus();
  }

  async #run() {
    if (!this.#complete()) return;
    this.#busy(true);
    try {
      await this.#core.command('reset', { ...this.#link, password: this.#password.value });
    } catch (error) {
      if (!this.closed) this.#refused(error);
    }
  }

  #complete() {
    this.#alert.textContent = '';
    this.#password.error(this.#password.value ? '' : strings.recover.noPassword);
    this.#missing.textContent = this.#understood.checked ? '' : words.mustUnderstand;
    if (!this.#password.value) this.#password.input.focus();
    else if (!this.#understood.checked) this.#understood.focus();
    return this.#understood.checked && Boolean(this.#password.value);
  }

  #busy(is) {
    this.#submit.disabled = is;
    this.#status.textContent = is ? strings.sign.deriving : '';
    this.root.classList.toggle('busy', is);
  }

  #refused(error) {
    this.#busy(false);
    if (error.code === 'weak-password') {
      this.#password.error(errorText(error));
      return this.#password.input.focus();
    }
    this.#alert.textContent = { forbidden: words.expired, 'reset-held': words.held }[error.code] ?? errorText(error);
  }
}
