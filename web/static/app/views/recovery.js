import { View, el, replace } from '../dom.js';
import { groupsOf, sameGroup, somePlaces } from '../recovery-code.js';
import { errorText, strings } from '../strings.js';
import { Field } from './field.js';
import { trouble, waiting } from './panel.js';
import { recoverySheet, saveSheet } from './recovery-sheet.js';

const words = strings.recovery;
const asked = 2; // groups a person types back

/**
 * Makes a recovery code, shows it once, and has part of it typed back before it counts. `done(kept)`
 * is called at the end: true when the code is in force, false when the person wants none now.
 */
export class RecoveryView extends View {
  #core;
  #name;
  #done;
  #code = '';
  #skip;
  #stage = el('div', { class: 'recovery-stage' });
  #alert = el('p', { class: 'form-alert', role: 'alert' });

  constructor(core, name, { done, skip = words.skip }) {
    super();
    this.#core = core;
    this.#name = name;
    this.#done = done;
    this.#skip = el('button', { type: 'button', class: 'btn btn-quiet', on: { click: () => this.#done(false) } }, skip);
    this.root = el('div', { class: 'recovery' }, this.#stage);
    this.#make();
  }

  async #make() {
    replace(this.#stage, waiting(words.making), el('div', { class: 'recovery-buttons' }, this.#skip));
    try {
      const { code } = await this.#core.command('recovery-new');
      if (this.closed) return;
      this.#code = code;
      this.#show();
    } catch (error) {
      if (this.closed) return;
      replace(this.#stage, trouble(errorText(error), words.again, () => this.#make()), el('div', { class: 'recovery-buttons' }, this.#skip));
    }
  }

  #show() {
    const status = el('p', { class: 'field-hint', role: 'status' });
    const next = el('button', { type: 'button', class: 'btn btn-primary', on: { click: () => this.#ask() } }, words.kept);
    replace(
      this.#stage,
      el('p', null, words.intro),
      el('p', { class: 'recovery-warning' }, words.once),
      el('ol', { class: 'recovery-code', 'aria-label': words.code }, groupsOf(this.#code).map((group) => el('li', null, group))),
      el(
        'div',
        { class: 'recovery-tools' },
        this.#tool(words.copy, () => this.#copy(status)),
        this.#tool(words.print, () => print()),
        this.#tool(words.save, () => (saveSheet(this.#name, this.#code), (status.textContent = words.saved))),
      ),
      status,
      el('div', { class: 'recovery-buttons' }, this.#skip, next),
      recoverySheet(this.#name, this.#code),
    );
  }

  #tool = (label, click) => el('button', { type: 'button', class: 'btn btn-outline-primary', on: { click } }, label);

  async #copy(status) {
    try {
      await navigator.clipboard.writeText(this.#code);
      status.textContent = words.copied;
    } catch {
      status.textContent = words.notCopied;
    }
  }

  #ask() {
    const groups = groupsOf(this.#code);
    const fields = somePlaces(groups.length, asked).map((place) => {
      const attributes = { autocomplete: 'off', autocapitalize: 'characters', spellcheck: 'false', maxlength: '20', class: 'form-control recovery-group' };
      return { group: groups[place], field: new Field({ label: words.group(place + 1), attributes }) };
    });
    const confirm = el('button', { type: 'submit', class: 'btn btn-primary' }, words.confirm);
    const back = el('button', { type: 'button', class: 'btn btn-link', on: { click: () => this.#show() } }, words.showAgain);
    this.#alert.textContent = '';
    const form = el(
      'form',
      { novalidate: true, on: { submit: (event) => (event.preventDefault(), this.#check(fields, confirm)) } },
      el('p', null, words.typeBack),
      this.#alert,
      el('div', { class: 'recovery-fields' }, fields.map(({ field }) => field.root)),
      back,
      el('div', { class: 'recovery-buttons' }, this.#skip, confirm),
    );
    replace(this.#stage, form);
    fields[0].field.input.focus();
  }

  async #check(fields, confirm) {
    const wrong = fields.filter(({ field, group }) => !sameGroup(field.value, group));
    for (const { field } of wrong) field.error(words.otherGroup);
    if (wrong.length > 0) return wrong[0].field.input.focus();
    confirm.disabled = true;
    this.#alert.textContent = '';
    try {
      await this.#core.command('recovery-confirm', { code: this.#code });
      if (!this.closed) this.#done(true);
    } catch (error) {
      confirm.disabled = false;
      this.#alert.textContent = errorText(error);
    }
  }
}
