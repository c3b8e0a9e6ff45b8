import { el, uniqueId } from '../dom.js';
import { icon } from '../icons.js';
import { errorText, strings } from '../strings.js';
import { DialogView } from './dialog.js';

const words = strings.retention;
const firstTimer = 86400; // seconds offered to who turns the timer on

/** How long the messages of a conversation stay, in a few words. */
export function retentionLabel({ retention, timer }) {
  if (retention === 'disappearing') return words.labels.disappearing(words.timers[timer] ?? `${timer} s`);
  return words.labels[retention] ?? words.labels.full;
}

/** A button in the head of a conversation that opens the choice. `update` follows the conversation. */
export class RetentionButton {
  constructor(core, store, id) {
    this.root = el('button', { type: 'button', class: 'btn btn-round', 'aria-haspopup': 'dialog', on: { click: () => openRetention(core, store.conversation(id)) } }, icon('hourglass'));
  }

  update(conversation) {
    const label = words.button(retentionLabel(conversation));
    this.root.title = label;
    this.root.setAttribute('aria-label', label);
    this.root.classList.toggle('is-on', conversation.retention !== 'full');
    this.root.hidden = conversation.timer === undefined || conversation.kind === 'everyone' || conversation.joining;
  }
}

/** Shows how long messages stay, and lets those change it who may. Resolves to true when it was changed. */
export function openRetention(core, { id, retention, timer }) {
  const command = (name, data) => core.command(name, { conversation: id, ...data });
  const choice = new Choice(retention, timer || firstTimer);
  const note = el('p', { class: 'field-hint', role: 'status' }, words.loading);
  const dialog = new DialogView({
    title: words.title,
    content: [choice.root, note],
    confirm: words.confirm,
    cancel: words.cancel,
    async submit() {
      dialog.alert.textContent = '';
      dialog.busy(true, words.working);
      try {
        await command('retention', choice.value);
        dialog.finish(true);
      } catch (error) {
        dialog.alert.textContent = errorText(error);
        dialog.busy(false, words.confirm);
      }
    },
  });
  dialog.confirm.hidden = true;
  const allow = (may) => {
    choice.enable(may);
    dialog.confirm.hidden = !may;
    dialog.cancel.textContent = may ? words.cancel : words.close;
    note.textContent = may ? words.fromNowOn : words.mayNot;
  };
  command('members').then(({ can }) => allow(Boolean(can.retention)), (error) => (dialog.alert.textContent = errorText(error)));
  return dialog.open();
}

// One radio button for each mode; the timer stands below its own.
class Choice {
  #radios = new Map();
  #timer;

  constructor(mode, timer) {
    const name = uniqueId('retention');
    this.#timer = el('select', { class: 'form-select', 'aria-label': words.timer, disabled: true }, Object.entries(words.timers).map(([s, label]) => el('option', { value: s, selected: Number(s) === timer }, label)));
    this.#timer.addEventListener('change', () => (this.#radios.get('disappearing').checked = true));
    this.root = el('fieldset', { class: 'choices' }, el('legend', { class: 'visually-hidden' }, words.title), Object.keys(words.modes).map((m) => this.#option(name, m, m === mode)));
  }

  #option(name, mode, checked) {
    const id = uniqueId('mode');
    const [title, text] = words.modes[mode];
    const radio = el('input', { class: 'form-check-input', type: 'radio', name, id, value: mode, checked, disabled: true, 'aria-describedby': `${id}-text` });
    this.#radios.set(mode, radio);
    return el(
      'div',
      { class: 'form-check choice' },
      radio,
      el('label', { class: 'form-check-label', for: id }, title),
      mode === 'disappearing' && this.#timer,
      el('p', { class: 'field-hint', id: `${id}-text` }, text),
    );
  }

  enable(is) {
    for (const box of [...this.#radios.values(), this.#timer]) box.disabled = !is;
    if (is) [...this.#radios.values()].find((r) => r.checked)?.focus();
  }

  get value() {
    const mode = [...this.#radios].find(([, radio]) => radio.checked)?.[0];
    return mode === 'disappearing' ? { mode, timer: Number(this.#timer.value) } : { mode };
  }
}
