import { View, el, replace } from '../dom.js';
import { number } from '../format.js';
import { strings } from '../strings.js';
import { section } from './panel.js';

const words = strings.failures;

/** How many messages could not be opened on this device, by what went wrong. */
export class FailuresView extends View {
  #core;

  constructor(core) {
    super();
    this.#core = core;
    this.root = el('div');
    this.#load();
  }

  // What the core does not count has no card.
  async #load() {
    try {
      const { counts } = await this.#core.command('failures');
      if (!this.closed) replace(this.root, section(words.title, table(Object.entries(counts ?? {}).filter(([, n]) => n > 0))));
    } catch {
      // as above
    }
  }
}

function table(rows) {
  if (rows.length === 0) return el('p', { class: 'muted' }, words.none);
  const most = rows.toSorted(([, a], [, b]) => b - a);
  return [
    el('p', { class: 'muted' }, words.intro),
    el('dl', { class: 'facts' }, most.map(([reason, n]) => [el('dt', null, words.reasons[reason] ?? words.reasons.other), el('dd', null, words.count(n, number(n)))])),
  ];
}
