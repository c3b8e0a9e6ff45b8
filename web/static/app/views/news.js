import { View, el, replace } from '../dom.js';
import { momentName } from '../format.js';
import { icon } from '../icons.js';
import { strings } from '../strings.js';
import { iconButton } from './button.js';
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
    this.#draw();
  }

  #draw() {
    replace(this.root, this.#store.news.map((news) => (news.added ? this.#came(news) : this.#left(news))));
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
        el('button', { type: 'button', class: 'btn btn-link', on: { click: () => this.#store.answered(news.id) } }, words.mine),
        el('button', { type: 'button', class: 'btn btn-link', on: { click: () => this.#remove(news) } }, words.remove),
      ),
    );
  }

  #left(news) {
    return el(
      'div',
      { class: 'news-item' },
      icon('device'),
      el('span', null, words.removed(news.name, momentName(news.at))),
      iconButton('close', strings.fault.dismiss, 'btn-round', () => this.#store.answered(news.id)),
    );
  }

  async #remove(news) {
    if (await removeDevice(this.#core, news)) this.#store.answered(news.id);
  }
}
