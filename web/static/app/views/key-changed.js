import { View, el, replace } from '../dom.js';
import { span } from '../format.js';
import { icon } from '../icons.js';
import { aboutHref } from '../route.js';
import { errorText, strings } from '../strings.js';

const words = strings.keyChanged;
const ageing = 30_000; // ms between two looks at how long a hold still lasts

/** Stands where messages are written while somebody's key has changed, or is in doubt, and the person has not said that this is all right. */
export class KeyChangedView extends View {
  #core;
  #people;
  #text = el('p');
  #compare;
  #button = el('button', { type: 'button', class: 'btn btn-primary', on: { click: () => this.#accept() } }, words.accept);
  #alert = el('p', { class: 'form-alert', role: 'alert' });

  constructor(core, store, conversation) {
    super();
    this.#core = core;
    this.#people = conversation.people.filter((p) => p.account !== store.session.account);
    const direct = conversation.kind === 'direct';
    this.#compare = direct && el('a', { class: 'btn btn-outline-primary', href: aboutHref(conversation.id) }, words.compare);
    const doubted = this.#people.filter((p) => conversation.doubted?.includes(p.account)).map((p) => p.name);
    this.#say(doubted.length > 0 ? words.doubted(doubted) : direct ? words.direct(conversation.title) : words.group);
    this.root = el(
      'section',
      { class: 'key-changed', 'aria-label': doubted.length > 0 ? words.labelDoubted : words.label },
      this.#text,
      this.#alert,
      el('div', { class: 'panel-buttons' }, this.#compare, this.#button),
    );
    if (direct) this.#ask();
  }

  #say = (text) => replace(this.#text, icon('warning'), text);

  // Only the core knows whether this is somebody who has started over, and whether there is a hold.
  async #ask() {
    try {
      const contact = await this.#core.command('contact', { account: this.#people[0].account });
      if (!this.closed && contact.reset) this.#showReset(contact);
    } catch {
      // then it stays with what every changed key says
    }
  }

  #showReset(contact) {
    const left = (contact.heldUntil ?? 0) - Date.now();
    this.#say([words.reset(contact.name), left > 0 && words.held(contact.name, span(left, true))].filter(Boolean).join(' '));
    this.#button.hidden = left > 0;
    this.#compare.className = left > 0 ? 'btn btn-primary' : 'btn btn-outline-primary';
    this.#compare.textContent = left > 0 ? words.compareNow : words.compare;
    if (left <= 0) return;
    const timer = setTimeout(() => this.#showReset(contact), Math.min(left, ageing));
    this.own(() => clearTimeout(timer));
  }

  async #accept() {
    this.#button.disabled = true;
    this.#alert.textContent = '';
    try {
      for (const account of await this.#changed()) await this.#core.command('accept-key', { account });
    } catch (error) {
      this.#alert.textContent = errorText(error);
    } finally {
      this.#button.disabled = false;
    }
  }

  // In a group only the core knows whose key it was.
  async #changed() {
    if (this.#people.length === 1) return [this.#people[0].account];
    const contacts = await Promise.all(this.#people.map(({ account }) => this.#core.command('contact', { account })));
    return contacts.filter((c) => c.changed || c.doubted).map((c) => c.account);
  }
}
