import { View, el, uniqueId } from '../dom.js';
import { errorText, strings } from '../strings.js';
import { DialogView } from './dialog.js';
import { section } from './panel.js';
import { passwordField } from './password-field.js';

const words = strings.protection;

/** The switch that makes the password alone worthless, with what that costs. */
export class ProtectionView extends View {
  #core;
  #high = false;
  #switch;
  #status = el('p', { class: 'card-note', role: 'status' });

  constructor(core, store) {
    super();
    this.#core = core;
    const id = uniqueId('high');
    this.#switch = el('input', { class: 'form-check-input', type: 'checkbox', role: 'switch', id, 'aria-describedby': `${id}-text`, on: { change: () => this.#change() } });
    this.root = section(
      words.title,
      el('div', { class: 'form-check form-switch' }, this.#switch, el('label', { class: 'form-check-label', for: id }, words.label)),
      el('div', { id: `${id}-text`, class: 'muted' }, el('p', null, words.text), el('p', null, words.price)),
      this.#status,
    );
    this.root.hidden = true;
    this.own(store.on('session', () => this.load()));
    this.load();
  }

  // What the core cannot say has no switch; the card above says what went wrong.
  async load() {
    try {
      const { high } = await this.#core.command('security');
      if (this.closed || high === undefined) return;
      this.#high = this.#switch.checked = high;
      this.root.hidden = false;
    } catch {
      // as above
    }
  }

  async #change() {
    const high = this.#switch.checked;
    this.#switch.checked = this.#high; // until it is so
    this.#status.textContent = '';
    if (!(await askPassword(this.#core, high))) return;
    this.#high = this.#switch.checked = high;
    this.#status.textContent = high ? words.isOn : words.isOff;
  }
}

// Both ways need the password: whoever finds the screen unlocked is to change neither.
function askPassword(core, high) {
  const said = high ? words.on : words.off;
  const password = passwordField({ label: words.password, name: 'current-password', autocomplete: 'current-password' });
  const dialog = new DialogView({
    title: said.title,
    content: [el('p', null, high ? words.price : said.text), password.root],
    confirm: said.confirm,
    cancel: said.cancel,
    async submit() {
      dialog.alert.textContent = '';
      if (!password.value) return password.error(strings.password.noCurrent);
      dialog.busy(true, said.working);
      try {
        await core.command('protection', { high, password: password.value });
        dialog.finish(true);
      } catch (error) {
        dialog.busy(false, said.confirm);
        if (error.code === 'wrong-password') password.error(strings.password.wrong);
        else dialog.alert.textContent = errorText(error);
      }
    },
  });
  const result = dialog.open();
  password.input.focus();
  return result;
}
