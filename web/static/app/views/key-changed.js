import { View, el, replace } from '../dom.js';
import { span } from '../format.js';
import { icon } from '../icons.js';
import { aboutHref } from '../route.js';
import { errorText, strings } from '../strings.js';

const words = strings.keyChanged;
const ageing = 30_000; // ms between two looks at how long a hold still lasts

/** Stands where messages are written while somebody's key holds them back, and says whose, why, and what can be done. */
export class KeyChangedView extends View {
  #core;
  #self;
  #conversation;
  #shown = '';
  #text = el('p', { role: 'status' });
  #rows = el('ul', { class: 'key-people', 'aria-label': words.people });
  #links = el('span', { class: 'key-links' });
  #button = el('button', { type: 'button', class: 'btn btn-primary', on: { click: () => this.#accept() } }, words.accept);
  #buttons = el('div', { class: 'panel-buttons' }, this.#links, this.#button);
  #alert = el('p', { class: 'form-alert', role: 'alert' });

  constructor(core, store, conversation) {
    super();
    this.#core = core;
    this.#self = store.session.account;
    this.root = el('section', { class: 'key-changed' }, this.#text, this.#rows, this.#alert, this.#buttons);
    this.update(conversation);
    const timer = setInterval(() => this.#draw(), ageing);
    this.own(() => clearInterval(timer));
  }

  update(conversation) {
    this.#conversation = conversation;
    this.#draw();
  }

  get #people() {
    const { people, keyReason } = this.#conversation;
    return people.filter((p) => p.keys === keyReason);
  }

  // What is shown already is left alone, with the focus in it.
  #draw() {
    const { keyReason } = this.#conversation;
    const people = this.#people.map((p) => ({ ...p, left: timeLeft(p) }));
    const shown = JSON.stringify([keyReason, people]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.root.setAttribute('aria-label', words.labels[keyReason]);
    const changed = keyReason === 'changed' || keyReason === 'doubted';
    const several = changed && people.length > 1;
    replace(this.#text, icon(keyReason === 'readmitting' ? 'shield' : 'warning'), this.#sentence(people));
    replace(this.#rows, several && people.map((p) => this.#row(p)));
    this.#rows.hidden = !several;
    replace(this.#links, changed && !several && people.map((p) => this.#link(p)));
    this.#button.hidden = people.every((p) => p.left);
    this.#buttons.hidden = !changed;
  }

  #sentence(people) {
    const { keyReason } = this.#conversation;
    const [{ name, reset, left } = {}] = people;
    if (keyReason === 'readmitting') return words.readmitting(name);
    if (keyReason === 'unknown-pin') {
      const others = people.filter((p) => p.account !== this.#self).map((p) => p.name);
      return others.length > 0 ? words.unknown(others) : words.unknownOwn;
    }
    if (keyReason === 'doubted') return words.doubted(people.map((p) => p.name));
    if (people.length > 1) return words.several(people.map((p) => p.name));
    return [reset ? words.reset(name) : words.direct(name), left && words.held(name, left)].filter(Boolean).join(' ');
  }

  #row({ account, name, left }) {
    const link = el('a', { class: 'btn btn-link', href: this.#href(account), 'aria-label': words.compareWith(name) }, words.compare);
    return el('li', null, el('bdi', null, name), link, left && el('p', null, words.heldRow(left)));
  }

  #link({ account, left }) {
    return el('a', { class: ['btn', left ? 'btn-primary' : 'btn-outline-primary'], href: this.#href(account) }, left ? words.compareNow : words.compare);
  }

  #href(account) {
    const { id, kind } = this.#conversation;
    return kind === 'direct' ? aboutHref(id) : aboutHref(id, account);
  }

  // Who is held stays; one refusal does not keep the others.
  async #accept() {
    this.#button.disabled = true;
    this.#alert.textContent = '';
    const open = this.#people.filter((p) => !timeLeft(p));
    const answers = await Promise.allSettled(open.map(({ account }) => this.#core.command('accept-key', { account })));
    const refusal = answers.find((a) => a.status === 'rejected');
    if (refusal) this.#alert.textContent = errorText(refusal.reason);
    this.#button.disabled = false;
  }
}

/** How long somebody's new key can not be accepted yet, in words; "" when it can. */
function timeLeft({ heldUntil = 0 }) {
  const left = heldUntil - Date.now();
  return left > 0 ? span(left, true) : '';
}
