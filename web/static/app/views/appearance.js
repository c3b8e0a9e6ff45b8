import { View, el } from '../dom.js';
import { errorText, strings } from '../strings.js';

const words = strings.appearance;

/** Light or dark, on all devices of the person. */
export class AppearanceView extends View {
  #core;
  #store;
  #box;
  #status = el('p', { class: 'field-hint', role: 'status' }, words.note);

  constructor(core, store) {
    super();
    this.#core = core;
    this.#store = store;
    this.#box = el(
      'select',
      { class: 'form-select appearance-box', 'aria-label': words.label, on: { change: () => this.#change() } },
      Object.entries(words.themes).map(([value, label]) => el('option', { value }, label)),
    );
    this.root = el('div', null, this.#box, this.#status);
    this.own(store.on('settings', () => this.#follow()));
    this.#follow();
  }

  #follow() {
    this.#box.value = this.#store.settings.theme in words.themes ? this.#store.settings.theme : 'system';
  }

  async #change() {
    try {
      await this.#core.command('setting', { key: 'theme', value: this.#box.value });
      this.#status.textContent = words.note;
    } catch (error) {
      this.#follow();
      this.#status.textContent = errorText(error);
    }
  }
}
