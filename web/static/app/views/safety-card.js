import { View, el, replace } from '../dom.js';
import { number } from '../format.js';
import { icon } from '../icons.js';
import { codeHref } from '../route.js';
import { errorText, strings } from '../strings.js';
import { confirmThat } from './confirm.js';
import { trouble, waiting } from './panel.js';
import { openRehearsal } from './rehearsal.js';
import { staysHere } from './stays-here.js';

const words = strings.safety;

/** Says in plain words what is safe when something gets lost, and what to do about the rest. */
export class SafetyCardView extends View {
  #core;
  #timer = 0;
  #note = el('p', { class: 'card-note', role: 'status' });

  constructor(core, store) {
    super();
    this.#core = core;
    this.root = el('div', { class: 'safety' }, waiting(words.loading));
    this.own(store.on('session', () => this.load()));
    this.own(store.on('restore', ({ finished }) => finished && this.load()));
    this.own(() => clearTimeout(this.#timer));
    this.load();
  }

  async load() {
    try {
      const security = await this.#core.command('security');
      if (this.closed) return;
      this.#draw(security);
      clearTimeout(this.#timer); // what is on its way to the vault arrives within seconds
      if (security.history.waiting > 0) this.#timer = setTimeout(() => this.load(), 3000);
    } catch (error) {
      if (!this.closed) replace(this.root, trouble(errorText(error), words.again, () => this.load()));
    }
  }

  #draw({ recovery, history, high }) {
    const onlyHere = history.waiting;
    const device = onlyHere > 0 ? words.deviceWaiting(onlyHere, number(onlyHere)) : high ? words.deviceHigh : words.deviceSafe;
    replace(
      this.root,
      el(
        'ul',
        { class: 'safety-list' },
        item(words.device, onlyHere === 0, [device, ...staysHere(history)].join(' ')),
        item(words.password, recovery, recovery ? words.passwordSafe : words.passwordLost),
      ),
      el('div', { class: 'safety-buttons' }, recovery ? this.#withCode() : this.#withoutCode()),
      this.#note,
    );
  }

  #withoutCode = () => el('a', { class: 'btn btn-primary', href: codeHref }, words.make);

  #withCode = () => [
    el('button', { type: 'button', class: 'btn btn-primary', on: { click: () => this.#rehearse() } }, words.rehearse),
    el('a', { class: 'btn btn-outline-primary', href: codeHref }, words.renew),
    el('button', { type: 'button', class: 'btn btn-quiet', on: { click: () => this.#off() } }, words.off),
  ];

  async #rehearse() {
    if (await openRehearsal(this.#core)) this.#note.textContent = words.rehearsed;
  }

  async #off() {
    if (await confirmThat(words.offDialog, () => this.#core.command('recovery-off'))) this.load();
  }
}

const item = (title, safe, text) =>
  el(
    'li',
    { class: ['safety-item', safe ? 'is-safe' : 'is-unsafe'] },
    icon(safe ? 'shield' : 'warning'),
    el('div', null, el('p', { class: 'safety-title' }, `${title}: `, el('strong', null, safe ? words.safe : words.unsafe)), el('p', { class: 'muted' }, text)),
  );
