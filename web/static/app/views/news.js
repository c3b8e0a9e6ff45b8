import { View, el, replace } from '../dom.js';
import { momentName } from '../format.js';
import { icon } from '../icons.js';
import { passwordHref } from '../route.js';
import { strings } from '../strings.js';
import { iconButton } from './button.js';
import { openApproval } from './approval.js';
import { confirmThat } from './confirm.js';
import { removeDevice } from './devices.js';

const words = strings.news;

/** Says that another device came to the account or left it, and lets the person object. */
export class NewsView extends View {
  #core;
  #store;

  constructor(core, store) {
    super();
    this.#core = core;
    this.#store = store;
    this.root = el('div', { class: 'news', role: 'alert', 'aria-label': words.region });
    this.own(store.on('device-news', () => this.#draw()));
    for (const topic of ['approval-request', 'reset-begun']) this.own(store.on(topic, () => this.#draw()));
    this.#draw();
  }

  #draw() {
    replace(
      this.root,
      this.#store.resetFrom > 0 && this.#resetBegun(this.#store.resetFrom),
      this.#store.requests.map((request) => this.#asks(request)),
      this.#store.news.map((news) => (news.added ? this.#came(news) : this.#left(news))),
    );
  }

  // It waits here: a dialog that opened by itself could be answered by a key meant for something else.
  #asks(request) {
    const look = el('button', { type: 'button', class: 'btn btn-link', on: { click: () => this.#look(request) } }, words.look);
    return el('div', { class: 'news-item news-asks' }, icon('device'), el('span', null, words.asks(request.device, momentName(request.at))), el('span', { class: 'news-buttons' }, look));
  }

  async #look(request) {
    if (await openApproval(this.#core, this.#store, request)) this.#store.settled(request.id);
  }

  #resetBegun(at) {
    const button = (label, click) => el('button', { type: 'button', class: 'btn btn-link', on: { click } }, label);
    const answered = () => this.#store.apply('reset-begun', { at: 0 });
    const no = async () => (await confirmThat(words.resetDialog, () => this.#core.command('reset-cancel'))) && answered();
    return el(
      'div',
      { class: 'news-item news-warns' },
      icon('warning'),
      el('span', null, words.reset(momentName(at))),
      el('span', { class: 'news-buttons' }, button(words.resetNo, no), button(words.resetMine, answered)),
    );
  }

  #came(news) {
    return el(
      'div',
      { class: 'news-item' },
      icon('device'),
      el('span', null, words.added(news.name, momentName(news.at))),
      el(
        'span',
        { class: 'news-buttons' },
        el('button', { type: 'button', class: 'btn btn-link', on: { click: () => this.#answer(news) } }, words.mine),
        el('button', { type: 'button', class: 'btn btn-link', on: { click: () => removeDevice(this.#core, news) } }, words.remove),
      ),
    );
  }

  #left(news) {
    return el(
      'div',
      { class: 'news-item' },
      icon('device'),
      el('span', null, words.removed(news.name, momentName(news.at))),
      el('span', { class: 'news-buttons' }, el('a', { class: 'btn btn-link', href: passwordHref }, words.password)),
      iconButton('close', words.dismiss(news.name), 'btn-round', () => this.#answer(news)),
    );
  }

  // Until the core has noted the answer, it would be told again at the next start.
  async #answer({ id }) {
    try {
      await this.#core.command('device-news-answered', { id });
      this.#store.answered(id);
    } catch (error) {
      console.warn(`frond: ${error.message}`); // it stands; a fault says why
    }
  }
}
