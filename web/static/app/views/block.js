import { View, el, replace } from '../dom.js';
import { errorText, strings } from '../strings.js';
import { confirmThat } from './confirm.js';

const words = strings.block;

/** Blocks somebody, after asking, or takes that back at once. Resolves to true when it is done. */
export async function setBlocked(core, { account, name }, blocked) {
  const run = () => core.command('block', { account, blocked });
  if (blocked) return confirmThat(words.dialog(name), run);
  await run();
  return true;
}

/** What a contact's page says about blocking them, and the one button for it. */
export class BlockView extends View {
  #core;
  #contact;
  #alert = el('p', { class: 'form-alert', role: 'alert' });

  /** `changed()` is called when the person was blocked, or is no longer. */
  constructor(core, contact, changed) {
    super();
    this.#core = core;
    this.#contact = contact;
    const { name, blocked } = contact;
    const style = blocked ? 'btn-outline-primary' : 'btn-outline-danger';
    const button = el('button', { type: 'button', class: ['btn', style], on: { click: () => this.#set(!blocked, changed) } }, (blocked ? words.unblock : words.block)(name));
    this.root = replace(el('div'), el('p', { class: 'muted' }, blocked ? words.is(name) : words.explain(name)), this.#alert, button);
  }

  async #set(blocked, changed) {
    try {
      if (await setBlocked(this.#core, this.#contact, blocked)) changed();
    } catch (error) {
      this.#alert.textContent = errorText(error);
    }
  }
}
