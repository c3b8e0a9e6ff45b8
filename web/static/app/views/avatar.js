import { el } from '../dom.js';
import { hueOf, initial } from '../format.js';
import { icon } from '../icons.js';

/** A coloured circle with a letter, for a person; the colour stays with the account. */
export function personAvatar(name, account, small) {
  const node = el('span', { class: ['avatar', small && 'avatar-small'], 'aria-hidden': 'true' }, initial(name));
  node.style.setProperty('--hue', hueOf(account ?? name));
  return node;
}

/** The circle of a conversation: the other person's, or a drawing for groups and Everyone. */
export function conversationAvatar(conversation, self) {
  if (conversation.kind === 'everyone') return el('span', { class: 'avatar avatar-everyone', 'aria-hidden': 'true' }, icon('globe'));
  if (conversation.kind === 'group') {
    const node = el('span', { class: 'avatar avatar-group', 'aria-hidden': 'true' }, icon('people'));
    node.style.setProperty('--hue', hueOf(conversation.id));
    return node;
  }
  const other = conversation.people?.find((p) => p.account !== self);
  return personAvatar(conversation.title, other?.account);
}
