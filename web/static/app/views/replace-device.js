import { el, uniqueId } from '../dom.js';
import { momentName } from '../format.js';
import { errorText, strings } from '../strings.js';
import { DialogView } from './dialog.js';

const words = strings.replaceDevice;

/** Refusals after which the same choice may be tried again. */
const passing = new Set(['offline', 'unavailable', 'rate-limited']);

/**
 * Has the person choose in whose place this browser comes. `command(id)` does with that device what failed without
 * one. Resolves to its answer, or to undefined when the person chose none, and throws what is not about devices.
 */
export async function replaceDevice(core, command) {
  const { devices } = await core.command('replaceable');
  const choice = new Choice(devices, () => (dialog.confirm.disabled = false));
  let failure;
  const dialog = new DialogView({
    title: words.title,
    content: [el('p', null, words.text(devices.length)), choice.root],
    confirm: words.confirm,
    cancel: words.cancel,
    async submit() {
      if (!choice.value) return;
      dialog.alert.textContent = '';
      dialog.busy(true, words.working);
      try {
        dialog.finish(await command(choice.value));
      } catch (error) {
        dialog.busy(false, words.confirm);
        if (passing.has(error.code)) return void (dialog.alert.textContent = errorText(error));
        failure = error;
        dialog.finish();
      }
    },
  });
  dialog.confirm.disabled = true;
  const answer = await dialog.open();
  if (failure) throw failure;
  return answer;
}

// The devices as radio buttons. None is chosen before the person does.
class Choice {
  value = '';

  constructor(devices, chosen) {
    const name = uniqueId('device');
    const choose = ({ id }) => {
      this.value = id;
      chosen();
    };
    this.root = el('fieldset', { class: 'choices' }, el('legend', { class: 'visually-hidden' }, words.legend), devices.map((d) => this.#option(name, d, () => choose(d))));
  }

  #option(name, device, choose) {
    const id = uniqueId('device');
    return el(
      'div',
      { class: 'form-check choice' },
      el('input', { class: 'form-check-input', type: 'radio', name, id, 'aria-describedby': `${id}-text`, on: { change: choose } }),
      el('label', { class: 'form-check-label', for: id }, el('bdi', null, device.name)),
      el('p', { class: 'field-hint', id: `${id}-text` }, strings.devices.added(momentName(device.added))),
    );
  }
}
