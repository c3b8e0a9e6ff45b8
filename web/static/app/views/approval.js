import { el, replace, uniqueId } from '../dom.js';
import { momentName } from '../format.js';
import { icon } from '../icons.js';
import { errorText, strings } from '../strings.js';
import { DialogView } from './dialog.js';
import { canScan, openScan } from './scan.js';

const words = strings.approval;

/**
 * Shows which device asks to be let in, and has the person compare before it can be allowed. Resolves
 * to 'allowed', 'denied', 'over' when the request is no longer there, or undefined.
 */
export function openApproval(core, store, { id, device, at }) {
  const check = new SameDigits(() => (dialog.confirm.disabled = !check.same));
  const scanned = el('p', { class: 'field-hint', role: 'status' });
  const answer = async (allow) => {
    dialog.alert.textContent = '';
    dialog.busy(true, allow ? words.working : words.allow);
    try {
      await core.command('approval-answer', { id, allow });
      dialog.finish(allow ? 'allowed' : 'denied');
    } catch (error) {
      dialog.busy(false, words.allow);
      failed(dialog, error);
    }
  };
  const scan = async () => {
    const match = await openScan((code) => compareCode(core, id, code));
    if (!match) return;
    replace(scanned, match === 'same' && icon('shield'), match === 'same' ? words.matched : words.differs);
    scanned.classList.toggle('is-error', match !== 'same');
    check.same = match === 'same';
  };
  const dialog = new DialogView({
    title: words.title,
    content: [
      el('dl', { class: 'facts' }, el('dt', null, words.device), el('dd', null, el('bdi', null, device), el('span', { class: 'field-hint' }, words.named)), el('dt', null, words.at), el('dd', null, momentName(at))),
      el('p', { class: 'recovery-warning' }, words.warning),
      check.root,
      canScan() && el('button', { type: 'button', class: 'btn btn-link', on: { click: scan } }, words.scan),
      scanned,
    ],
    confirm: words.allow,
    cancel: words.later,
    extra: el('button', { type: 'button', class: 'btn btn-outline-danger', on: { click: () => answer(false) } }, words.deny),
    submit: () => check.same && answer(true),
  });
  dialog.confirm.disabled = true;
  dialog.own(store.on('approval-request', (event) => event.id === id && event.over && failed(dialog, { code: 'not-found' })));
  core.command('approval-open', { id }).then(({ digits }) => check.show(digits), (error) => failed(dialog, error));
  return dialog.open();
}

// What is no code of an approval at all is not worth an alarm: the camera looks on.
async function compareCode(core, id, code) {
  try {
    return (await core.command('approval-scan', { id, code })).match ? 'same' : 'other';
  } catch (error) {
    if (error.code === 'bad-request') return null;
    throw error;
  }
}

function failed(dialog, error) {
  if (error.code !== 'not-found') return void (dialog.alert.textContent = errorText(error));
  dialog.alert.textContent = words.over;
  dialog.confirm.hidden = true;
}

// The digits in large type, and the box by which the person says that they were compared.
class SameDigits {
  #changed;
  #box;
  #digits = el('p', { class: 'digits', role: 'status' }, words.loading);

  constructor(changed) {
    this.#changed = changed;
    const id = uniqueId('same');
    this.#box = el('input', { class: 'form-check-input', type: 'checkbox', id, disabled: true, on: { change: changed } });
    this.root = el('div', null, el('p', null, words.compare), this.#digits, el('div', { class: 'form-check' }, this.#box, el('label', { class: 'form-check-label', for: id }, words.same)));
  }

  show(digits) {
    replace(this.#digits, digitGroups(digits));
    this.#box.disabled = false;
    this.#box.focus();
  }

  get same() {
    return this.#box.checked;
  }

  set same(is) {
    this.#box.checked = is;
    this.#changed();
  }
}

/** Six digits as two groups of three, which are easier to hold in mind. */
export const digitGroups = (digits) => [el('span', null, digits.slice(0, 3)), ' ', el('span', null, digits.slice(3))];
