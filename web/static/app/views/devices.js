import { View, el, replace } from '../dom.js';
import { dayName, momentName } from '../format.js';
import { icon } from '../icons.js';
import { errorText, strings } from '../strings.js';
import { confirmThat } from './confirm.js';
import { trouble, waiting } from './panel.js';

const words = strings.devices;

/** The account's devices: what they are called, since when, and how to be rid of one. */
export class DevicesView extends View {
  #core;

  constructor(core, store) {
    super();
    this.#core = core;
    this.root = el('div', { class: 'devices' }, waiting(words.loading));
    this.own(store.on('device-news', () => this.load()));
    this.load();
  }

  async load() {
    try {
      const { devices } = await this.#core.command('devices');
      if (!this.closed) replace(this.root, el('ul', { class: 'rows' }, devices.toSorted(ownFirst).map((d) => this.#row(d))));
    } catch (error) {
      if (!this.closed) replace(this.root, trouble(errorText(error), words.again, () => this.load()));
    }
  }

  #row(device) {
    const label = (text) => `${text} ${device.name}`;
    return el(
      'li',
      { class: 'row-item' },
      icon('device'),
      el(
        'div',
        { class: 'row-text' },
        el('p', { class: 'row-title' }, el('bdi', null, device.name), device.current && el('span', { class: 'tag' }, words.current)),
        el('p', { class: 'muted' }, words.added(dayName(device.added)), device.seen > 0 && !device.current && ` · ${words.seen(momentName(device.seen))}`),
      ),
      el(
        'div',
        { class: 'row-buttons' },
        !device.current &&
          el('button', { type: 'button', class: 'btn btn-link btn-link-danger', 'aria-label': label(words.remove), on: { click: () => this.#remove(device) } }, words.remove),
      ),
    );
  }

  async #remove(device) {
    if (await removeDevice(this.#core, device)) this.load();
  }
}

// This device first, then the one used last.
const ownFirst = (a, b) => Number(b.current) - Number(a.current) || b.seen - a.seen;

/** Asks whether to remove a device and removes it; resolves to true when it is gone. */
export const removeDevice = (core, { id, name }) => confirmThat(words.removeDialog(name), () => core.command('device-remove', { id }));
