import { View, el } from '../dom.js';
import { frond } from '../icons.js';
import { errorText, strings } from '../strings.js';
import { Field } from './field.js';
import { withRoom } from './make-room.js';
import { passwordField } from './password-field.js';
import { RecoverForm } from './recover.js';

const words = strings.sign;
const slow = 6000; // ms after which waiting deserves an explanation

/**
 * Sign-in and sign-up: one form with two buttons. Enter signs in, because a slip of the fingers must
 * not make an account.
 */
export class SignView extends View {
  #core;
  #name;
  #password;
  #invite;
  #alert = el('p', { class: 'form-alert', role: 'alert' });
  #status = el('p', { class: 'form-status', role: 'status' });
  #signIn = el('button', { type: 'submit', class: 'btn btn-primary', value: 'sign-in' }, words.signIn);
  #signUp = el('button', { type: 'submit', class: 'btn btn-outline-primary', value: 'sign-up' }, words.signUp);
  #newcomer;
  #form;
  #recover = null;
  /** Whether an account is being made: then its session begins with the recovery code. */
  newAccount = false;

  /** `farewell` says why the session before ended, when that deserves more than the usual words. */
  constructor(core, session, farewell = '') {
    super();
    this.#core = core;
    this.#name = new Field({
      label: words.name,
      attributes: { name: 'username', autocomplete: 'username', autocapitalize: 'none', spellcheck: 'false', maxlength: '200' },
    });
    this.#password = passwordField({ label: words.password, name: 'password', autocomplete: 'current-password', judged: true });
    this.#invite = new Field({
      label: words.invite,
      hint: words.inviteHint,
      attributes: { name: 'invite', autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false', maxlength: '64' },
    });
    this.#invite.root.hidden = true;
    if (session.name) this.#name.input.value = session.name;
    this.#alert.textContent = farewell || (session.state === 'locked-out' ? words.lockedOut : '');
    this.root = el('main', { class: 'sign' }, this.#brand(), (this.#form = this.#signForm()));
    this.own(() => this.#recover?.close());
    this.#askServer();
  }

  /** To be called when the root is on the page. */
  shown() {
    (this.#name.value ? this.#password : this.#name).input.focus();
  }

  #brand() {
    return el(
      'section',
      { class: 'sign-brand' },
      el('div', { class: 'sign-fern' }, frond()),
      el('div', { class: 'wordmark' }, frond(), strings.app),
      el('p', { class: 'sign-tagline' }, strings.tagline),
      el('ul', { class: 'sign-points' }, words.points.map((p) => el('li', null, p))),
    );
  }

  #signForm() {
    this.#newcomer = el(
      'div',
      { class: 'sign-new' },
      el('p', { class: 'sign-or' }, el('span', null, words.newHere)),
      this.#invite.root,
      this.#signUp,
      el('p', { class: 'field-hint' }, words.forget),
    );
    return el(
      'form',
      { class: 'sign-form', novalidate: true, on: { submit: (event) => this.#submit(event) } },
      el('h1', null, words.heading),
      el('p', { class: 'sign-intro' }, words.intro),
      this.#alert,
      this.#name.root,
      this.#password.root,
      this.#signIn,
      this.#status,
      el('button', { type: 'button', class: 'btn btn-link sign-forgot', on: { click: () => this.#forgot() } }, words.forgot),
      this.#newcomer,
    );
  }

  #forgot() {
    this.#recover = new RecoverForm(this.#core, this.#name.value.trim(), () => this.#remembered());
    this.#form.replaceWith(this.#recover.root);
    this.#recover.shown();
  }

  #remembered() {
    this.#recover.root.replaceWith(this.#form);
    this.#recover.close();
    this.#recover = null;
    this.shown();
  }

  // How people may register decides what the form offers. Until the server has answered, it offers
  // an account without an invite; a refusal then says more.
  async #askServer() {
    try {
      const { registration } = await this.#core.command('server');
      this.#invite.root.hidden = registration !== 'invite';
      if (registration === 'closed') this.#newcomer.replaceChildren(el('p', { class: 'sign-closed' }, words.closed));
    } catch (error) {
      if (!this.closed && error.code === 'offline') this.#alert.textContent = errorText(error);
    }
  }

  async #submit(event) {
    event.preventDefault();
    const command = event.submitter?.value ?? 'sign-in';
    const data = { name: this.#name.value.trim(), password: this.#password.value };
    if (command === 'sign-up' && !this.#invite.root.hidden) data.invite = this.#invite.value.trim();
    if (!this.#complete(data)) return;
    this.#password.input.autocomplete = command === 'sign-up' ? 'new-password' : 'current-password';
    await this.#run(command, data);
  }

  #complete({ name, password, invite }) {
    this.#clearErrors();
    const missing = [
      [this.#name, !name, words.noName],
      [this.#password, !password, words.noPassword],
      [this.#invite, invite === '', words.noInvite],
    ].filter(([, is]) => is);
    for (const [field, , text] of missing) field.error(text);
    missing[0]?.[0].input.focus();
    return missing.length === 0;
  }

  #clearErrors() {
    this.#alert.textContent = '';
    for (const field of [this.#name, this.#password, this.#invite]) field.error('');
  }

  async #run(command, data) {
    this.#busy(true);
    this.newAccount = command === 'sign-up';
    const timer = setTimeout(() => (this.#status.textContent = words.derivingLong), slow);
    try {
      await withRoom(this.#core, command, data);
    } catch (error) {
      if (!this.closed) this.#refused(command, error);
    } finally {
      clearTimeout(timer);
      if (!this.closed) this.#busy(false);
    }
  }

  #busy(is) {
    for (const button of [this.#signIn, this.#signUp]) button.disabled = is;
    this.#status.textContent = is ? words.deriving : '';
    this.root.classList.toggle('busy', is);
  }

  #refused(command, error) {
    this.newAccount = false;
    const text = errorText(error);
    this.#busy(false);
    const field = {
      'name-invalid': this.#name,
      'name-taken': this.#name,
      'wrong-password': this.#password,
      'weak-password': this.#password,
      registration: this.#invite.root.hidden ? null : this.#invite,
    }[error.code];
    if (!field) {
      this.#alert.textContent = text;
      return;
    }
    field.error(text);
    field.input.focus();
  }
}
