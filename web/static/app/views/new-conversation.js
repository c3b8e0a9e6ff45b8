import { el } from '../dom.js';
import { errorText, strings } from '../strings.js';
import { DialogView } from './dialog.js';
import { Field } from './field.js';
import { PeopleField } from './people.js';

const words = strings.create;

/**
 * Asks for people and perhaps a name. One person without a name makes a private conversation;
 * anything else makes a group. Resolves to the id of the conversation, or undefined.
 */
export function openNewConversation(core) {
  const people = new PeopleField(() => update());
  const name = new Field({ label: words.name, hint: words.nameHint, attributes: { autocomplete: 'off', maxlength: '100', dir: 'auto' } });
  const summary = el('p', { class: 'dialog-summary', role: 'status' });
  const kind = () => (people.names.length > 1 || name.value.trim() ? 'group' : 'direct');

  function update() {
    const { names } = people;
    name.hint(names.length > 1 ? words.nameHintGroup : words.nameHint);
    summary.textContent = names.length === 0 ? words.everyone : kind() === 'group' ? words.group(names) : words.direct(names[0]);
  }

  async function submit() {
    const { names } = people;
    dialog.alert.textContent = '';
    if (names.length === 0) return people.error(words.noPeople);
    dialog.busy(true, words.starting);
    try {
      const { conversation } = await core.command('create', { kind: kind(), people: names, name: name.value.trim() || undefined });
      dialog.finish(conversation);
    } catch (error) {
      dialog.busy(false, words.start);
      if (error.code === 'unknown-person' || error.code === 'name-invalid') people.error(errorText(error));
      else dialog.alert.textContent = errorText(error);
    }
  }

  const dialog = new DialogView({
    title: words.title,
    content: [people.root, name.root, summary],
    confirm: words.start,
    cancel: words.cancel,
    submit,
  });
  name.input.addEventListener('input', update);
  update();
  const result = dialog.open();
  people.focus();
  return result;
}
