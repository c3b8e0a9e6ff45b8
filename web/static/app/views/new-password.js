import { el } from '../dom.js';
import { errorText, strings } from '../strings.js';
import { DialogView } from './dialog.js';
import { passwordField } from './password-field.js';
import { recoveryField } from './rehearsal.js';

const words = strings.newPassword;

/** A new password by recovery code, for who is signed in and knows no password. Resolves to true when it is set. */
export function openNewPassword(core) {
  const code = recoveryField();
  const password = passwordField({ label: strings.recover.password, name: 'new-password', autocomplete: 'new-password', judged: true });
  const dialog = new DialogView({
    title: words.title,
    content: [el('p', null, words.text), code.root, password.root],
    confirm: words.confirm,
    cancel: words.cancel,
    async submit() {
      code.error(code.value.trim() ? '' : strings.rehearsal.empty);
      password.error(password.value ? '' : strings.recover.noPassword);
      const missing = [code, password].find((field) => !field.value.trim());
      if (missing) return missing.input.focus();
      dialog.alert.textContent = '';
      dialog.busy(true, strings.sign.deriving);
      try {
        await core.command('password', { code: code.value.trim(), password: password.value });
        dialog.finish(true);
      } catch (error) {
        dialog.busy(false, words.confirm);
        const field = { 'recovery-code': code, 'weak-password': password }[error.code];
        if (!field) return void (dialog.alert.textContent = errorText(error));
        field.error(errorText(error));
        field.input.focus();
      }
    },
  });
  const result = dialog.open();
  code.input.focus();
  return result;
}
