import { View, el } from '../dom.js';
import { icon } from '../icons.js';
import { aboutHref } from '../route.js';
import { errorText, strings } from '../strings.js';

const words = strings.keyChanged;

/** Stands where messages are written while somebody's key has changed and the person has not said that this is all right. */
export class KeyChangedView extends View {
  #core;
  #people;
  #button = el('button', { type: 'button', class: 'btn btn-primary', on: { click: () => this.#accept() } }, words.accept);
  #alert = el('p', { class: 'form-alert', role: 'alert' });

  constructor(core, store, conversation) {
    super();
    this.#core = core;
    this.#people = conversation.people.filter((p) => p.account !== store.session.account);
    const direct = conversation.kind === 'direct';
    this.root = el(
      'section',
      { class: 'key-changed', 'aria-label': words.label },
      el('p', null, icon('warning'), direct ? words.direct(conversation.title) : words.group),
      this.#alert,
      el('div', { class: 'panel-buttons' }, direct && el('a', { class: 'btn btn-outline-primary', href: aboutHref(conversation.id) }, words.compare), this.#button),
    );
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
    return contacts.filter((c) => c.changed).map((c) => c.account);
  }
}
