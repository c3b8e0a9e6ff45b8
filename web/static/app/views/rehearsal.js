import { el } from '../dom.js';
import { errorText, strings } from '../strings.js';
import { DialogView } from './dialog.js';
import { Field } from './field.js';

const words = strings.rehearsal;

/** Twenty seconds that show whether the recovery code is where it should be. Resolves to true when it is. */
export function openRehearsal(core) {
  const code = recoveryField();
  const dialog = new DialogView({
    title: words.title,
    content: [el('p', null, words.text), code.root],
    confirm: words.confirm,
    cancel: words.cancel,
    async submit() {
      if (!code.value.trim()) return code.error(words.empty);
      dialog.busy(true, words.working);
      try {
        await core.command('recovery-check', { code: code.value.trim() });
        dialog.finish(true);
      } catch (error) {
        dialog.busy(false, words.confirm);
        code.error(errorText(error));
        code.input.focus();
      }
    },
  });
  const result = dialog.open();
  code.input.focus();
  return result;
}

/** The box for a whole recovery code. */
export const recoveryField = () =>
  new Field({
    label: words.code,
    hint: words.hint,
    attributes: { name: 'recovery-code', autocomplete: 'off', autocapitalize: 'characters', spellcheck: 'false', maxlength: '100', class: 'form-control recovery-input' },
  });
