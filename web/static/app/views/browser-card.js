import { View, el, replace } from '../dom.js';
import { byteSize } from '../format.js';
import { strings } from '../strings.js';

const words = strings.browser;
const nearlyFull = 0.9;

/** What this browser promises about the keys and messages it holds, and how much room there is. */
export class BrowserCardView extends View {
  constructor() {
    super();
    this.root = el('div');
    this.#load();
  }

  async #load(refused = false) {
    const kept = await navigator.storage?.persisted?.().catch(() => false);
    const { usage, quota } = (await navigator.storage?.estimate?.().catch(() => null)) ?? {};
    if (this.closed) return;
    const ask = el('button', { type: 'button', class: 'btn btn-outline-primary', on: { click: () => this.#ask(ask) } }, words.ask);
    replace(
      this.root,
      el('p', { class: 'muted' }, kept ? words.kept : words.fleeting),
      quota > 0 && el('p', { class: 'muted' }, (usage / quota > nearlyFull ? words.full : words.used)(byteSize(usage), byteSize(quota))),
      !kept && navigator.storage?.persist && ask,
      el('p', { class: 'field-hint', role: 'status' }, refused && words.refused),
    );
  }

  async #ask(button) {
    button.disabled = true;
    const agreed = await navigator.storage.persist().catch(() => false);
    if (!this.closed) await this.#load(!agreed);
  }
}
