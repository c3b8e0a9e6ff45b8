import { el, uniqueId } from '../dom.js';
import { number } from '../format.js';
import { errorText, strings } from '../strings.js';
import { DialogView } from './dialog.js';
import { staysHere } from './stays-here.js';

const words = strings.signOut;

/** Asks whether to sign out, and whether to clear this browser. */
export function openSignOut(core) {
  const id = uniqueId('clear');
  const clear = el('input', { class: 'form-check-input', type: 'checkbox', id, 'aria-describedby': `${id}-hint` });
  const hint = el('p', { class: 'field-hint', id: `${id}-hint` }, words.clearHint);
  warnOfLoss(core, hint);
  const dialog = new DialogView({
    title: words.title,
    content: [
      el('p', null, words.text),
      el('div', { class: 'form-check' }, clear, el('label', { class: 'form-check-label', for: id }, words.clear)),
      hint,
    ],
    confirm: words.confirm,
    cancel: words.cancel,
    async submit() {
      dialog.alert.textContent = '';
      dialog.busy(true, words.working);
      try {
        await core.command('sign-out', { clear: clear.checked });
        dialog.finish();
      } catch (error) {
        dialog.alert.textContent = errorText(error);
        dialog.busy(false, words.confirm);
      }
    },
  });
  return dialog.open();
}

// What is not in the vault would be gone. Without an answer the hint stays as it is.
async function warnOfLoss(core, hint) {
  try {
    const { history } = await core.command('security');
    const first = history.waiting > 0 ? words.clearLoses(history.waiting, number(history.waiting)) : words.clearHint;
    hint.textContent = [first, ...staysHere(history)].join(' ');
  } catch {
    // as above
  }
}
