import { el } from '../dom.js';
import { errorText } from '../strings.js';
import { DialogView } from './dialog.js';

/**
 * Asks before something that matters, runs it, and stays open with the reason when it is refused.
 * Resolves to true when it was done.
 */
export function confirmThat({ title, text, confirm, cancel, working, danger = true }, run) {
  const dialog = new DialogView({
    title,
    content: [text].flat().map((line) => el('p', null, line)),
    confirm,
    cancel,
    danger,
    async submit() {
      dialog.alert.textContent = '';
      dialog.busy(true, working);
      try {
        await run();
        dialog.finish(true);
      } catch (error) {
        dialog.alert.textContent = errorText(error);
        dialog.busy(false, confirm);
      }
    },
  });
  return dialog.open();
}

/** Asks for one line of text. Resolves to what `run(text)` gave, or undefined. */
export function askFor({ title, confirm, cancel, working }, field, run) {
  const dialog = new DialogView({
    title,
    content: field.root,
    confirm,
    cancel,
    async submit() {
      dialog.alert.textContent = '';
      field.error('');
      dialog.busy(true, working);
      try {
        const answer = await run(field.value.trim());
        dialog.finish(answer ?? true);
      } catch (error) {
        dialog.busy(false, confirm);
        field.error(errorText(error));
        field.input.focus();
      }
    },
  });
  const result = dialog.open();
  field.input.focus();
  field.input.select();
  return result;
}
