import { View, el, replace } from '../dom.js';
import { errorText, strings } from '../strings.js';
import { digitGroups } from './approval.js';
import { withRoom } from './make-room.js';
import { waiting } from './panel.js';
import { qrCode } from './qr.js';
import { recoveryField } from './rehearsal.js';

const words = strings.unlock;

/** What stands between a right password and an account under high protection: another device, or the recovery code. */
export default class UnlockView extends View {
  #core;
  #store;
  #qr = null; // while another device is being asked
  #stage = el('div', { class: 'unlock-stage' });
  #alert = el('p', { class: 'form-alert', role: 'alert' });

  constructor(core, store) {
    super();
    this.#core = core;
    this.#store = store;
    const { name } = store.session;
    this.root = el(
      'main',
      { class: 'welcome' },
      el(
        'div',
        { class: 'welcome-card' },
        el('h1', { tabindex: '-1' }, words.title),
        el('p', null, words.intro(name)),
        this.#alert,
        this.#stage,
        el('button', { type: 'button', class: 'btn btn-quiet unlock-leave', on: { click: () => this.#leave() } }, words.leave),
      ),
    );
    this.own(store.on('approval', (event) => this.#follow(event)));
    this.own(() => this.#stop());
    this.#choose();
  }

  /** To be called when the root is on the page. */
  shown() {
    this.root.querySelector('h1').focus();
  }

  #button = (label, style, click) => el('button', { type: 'button', class: ['btn', style], on: { click } }, label);

  #choose() {
    this.#stop();
    replace(
      this.#stage,
      el('div', { class: 'unlock-ways' }, this.#button(words.device, 'btn-primary', () => this.#ask()), this.#button(words.code, 'btn-outline-primary', () => this.#enterCode())),
    );
  }

  async #ask() {
    this.#alert.textContent = '';
    replace(this.#stage, waiting(words.starting));
    try {
      const asked = await withRoom(this.#core, 'approval-start');
      if (this.closed) return;
      if (!asked) return this.#choose();
      const { qr } = asked;
      this.#qr = qr;
      this.#show(words.waiting, qrCode(qr, words.qr), el('p', { class: 'muted' }, words.qrHint));
    } catch (error) {
      if (!this.closed) this.#failed(errorText(error));
    }
  }

  #show(text, ...more) {
    const back = this.#button(words.other, 'btn-quiet', () => this.#choose());
    replace(this.#stage, el('p', { role: 'status', class: 'unlock-text' }, text), more, back);
  }

  #follow({ state, digits }) {
    if (!this.#qr) return;
    if (state === 'compare') this.#show(words.compare, el('p', { class: 'digits', role: 'status', 'aria-label': words.digits }, digitGroups(digits)));
    else if (state === 'allowed') replace(this.#stage, waiting(words.allowed));
    else if (state === 'denied' || state === 'expired') this.#failed(words[state]);
  }

  #failed(text) {
    this.#qr = null;
    this.#choose();
    this.#alert.textContent = text;
  }

  #stop() {
    if (this.#qr) this.#core.command('approval-stop').catch(() => {});
    this.#qr = null;
  }

  #enterCode() {
    this.#alert.textContent = '';
    const code = recoveryField();
    const submit = el('button', { type: 'submit', class: 'btn btn-primary' }, words.submit);
    const status = el('p', { class: 'form-status', role: 'status' });
    const busy = (is) => {
      submit.disabled = is;
      status.textContent = is ? strings.sign.deriving : '';
    };
    const run = async () => {
      if (!code.value.trim()) return code.error(strings.rehearsal.empty);
      busy(true);
      try {
        if (!(await withRoom(this.#core, 'unlock', { code: code.value.trim() })) && !this.closed) busy(false);
      } catch (error) {
        if (this.closed) return;
        busy(false);
        code.error(error.code === 'wrong-password' ? strings.recover.wrong : errorText(error));
        code.input.focus();
      }
    };
    replace(
      this.#stage,
      el('p', null, words.codeIntro),
      el('form', { novalidate: true, on: { submit: (event) => (event.preventDefault(), run()) } }, code.root, el('div', { class: 'unlock-ways' }, submit, this.#button(words.other, 'btn-quiet', () => this.#choose())), status),
    );
    code.input.focus();
  }

  async #leave() {
    this.#stop();
    try {
      await this.#core.command('sign-out', { clear: true });
    } catch (error) {
      this.#alert.textContent = errorText(error);
    }
  }
}
