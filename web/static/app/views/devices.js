import { View, el, replace } from '../dom.js';
import { dayName, momentName } from '../format.js';
import { icon } from '../icons.js';
import { errorText, strings } from '../strings.js';
import { confirmThat } from './confirm.js';
import { trouble, waiting } from './panel.js';

const words = strings.devices;
const nameLimit = 64; // characters of a device's name

/** The account's devices: what they are called, since when, and how to be rid of one. */
export class DevicesView extends View {
  #core;
  #list = el('div', null, waiting(words.loading));
  #status = el('p', { class: 'card-note', role: 'status' });

  constructor(core, store) {
    super();
    this.#core = core;
    this.root = el('div', { class: 'devices' }, this.#list, this.#status);
    this.#say(store.removing);
    this.own(store.on('removing', ({ left }) => this.#say(left)));
    this.own(store.on('device-news', () => this.#refresh()));
    this.own(store.on('settings', () => this.#refresh())); // names of devices are in step like those
    this.own(store.on('connection', ({ state }) => state === 'online' && this.#refresh())); // the server says when they were active
    this.load();
  }

  // A name that is being written is not taken from under the fingers.
  #refresh() {
    if (!this.root.querySelector('.rename')) this.load();
  }

  // A removed device is out of the account at once; its leaves go from one conversation after the other.
  #say(left) {
    if (left > 0) this.#status.textContent = words.removing(left);
    else if (this.#status.textContent) this.#status.textContent = words.removed;
  }

  async load() {
    try {
      const { devices } = await this.#core.command('devices');
      if (!this.closed) replace(this.#list, el('ul', { class: 'rows' }, devices.toSorted(ownFirst).map((d) => this.#row(d))));
    } catch (error) {
      if (!this.closed) replace(this.#list, trouble(errorText(error), words.again, () => this.load()));
    }
  }

  #row(device) {
    const label = (text) => `${text} ${device.name}`;
    const title = el('p', { class: 'row-title' }, el('bdi', null, device.name), device.current && el('span', { class: 'tag' }, words.current));
    const rename = el('button', { type: 'button', class: 'btn btn-link btn-link-muted', 'aria-label': label(words.rename), 'data-device': device.id, on: { click: () => this.#rename(device, title, rename) } }, words.rename);
    return el(
      'li',
      { class: 'row-item' },
      icon('device'),
      el(
        'div',
        { class: 'row-text' },
        title,
        el('p', { class: 'muted' }, words.added(dayName(device.added)), device.seen > 0 && !device.current && ` · ${words.seen(momentName(device.seen))}`),
      ),
      el(
        'div',
        { class: 'row-buttons' },
        rename,
        !device.current &&
          el('button', { type: 'button', class: 'btn btn-link btn-link-danger', 'aria-label': label(words.remove), on: { click: () => this.#remove(device) } }, words.remove),
      ),
    );
  }

  // The name turns into a box in its place: Enter saves, Escape goes back, and so does the focus.
  #rename(device, title, button) {
    const input = el('input', { class: 'form-control', type: 'text', 'aria-label': words.name, value: device.name, maxlength: nameLimit, autocomplete: 'off', dir: 'auto' });
    const alert = el('p', { class: 'field-error', role: 'alert' });
    const form = el(
      'form',
      { class: 'rename', novalidate: true },
      el('div', { class: 'rename-box' }, input, el('button', { type: 'submit', class: 'btn btn-primary' }, words.save), el('button', { type: 'button', class: 'btn btn-quiet', on: { click: () => end() } }, words.cancel)),
      alert,
    );
    const end = () => {
      form.replaceWith(title);
      button.disabled = false;
      button.focus();
    };
    form.addEventListener('keydown', (event) => event.key === 'Escape' && (event.stopPropagation(), end()));
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      try {
        await this.#core.command('device-rename', { id: device.id, name: input.value.trim() });
        await this.load();
        this.root.querySelector(`[data-device="${device.id}"]`)?.focus();
      } catch (error) {
        alert.textContent = errorText(error);
      }
    });
    button.disabled = true;
    title.replaceWith(form);
    input.focus();
    input.select();
  }

  async #remove(device) {
    if (await removeDevice(this.#core, device)) this.load();
  }
}

// This device first, then the one used last.
const ownFirst = (a, b) => Number(b.current) - Number(a.current) || b.seen - a.seen;

/** Asks whether to remove a device and removes it; resolves to true when it is gone. */
export const removeDevice = (core, { id, name }) => confirmThat(words.removeDialog(name), () => core.command('device-remove', { id }));
