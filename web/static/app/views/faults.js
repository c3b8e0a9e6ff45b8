import { View, el } from '../dom.js';
import { aboutHref, contactHref, conversationHref, go, passwordHref } from '../route.js';
import { strings } from '../strings.js';
import { iconButton } from './button.js';

const atMost = 3;

/** Things a person should know that belong to no conversation: the browser is full, and the like. */
export class FaultsView extends View {
  #core;
  #store;
  #shown = new Map(); // code and what it is about -> node

  constructor(core, store) {
    super();
    this.#core = core;
    this.#store = store;
    this.root = el('div', { class: 'faults', role: 'alert', 'aria-label': strings.fault.region });
    this.own(store.on('fault', (fault) => this.#show(fault)));
    for (const fault of store.takeFaults()) this.#show(fault);
  }

  #show({ code, text, action, account = '', conversation = '' }) {
    if (code === 'reset-begun') return; // the news says it, with what to do about it
    if (!action && account && account !== this.#store.session.account) action = 'compare';
    const key = `${code} ${account}${conversation}`;
    this.#dismiss(key);
    if (this.#shown.size >= atMost) this.#dismiss(this.#shown.keys().next().value);
    const run = actions[action];
    const node = el(
      'div',
      { class: 'fault' },
      el('span', null, action === 'free-space' ? strings.errors.storage : text),
      run && el('button', { type: 'button', class: 'btn btn-link', on: { click: () => run(this.#core, () => this.#dismiss(key), { conversation, account, store: this.#store }) } }, strings.actions[action]),
      iconButton('close', strings.fault.dismiss, 'btn-round', () => this.#dismiss(key)),
    );
    this.#shown.set(key, node);
    this.root.append(node);
  }

  #dismiss(key) {
    this.#shown.get(key)?.remove();
    this.#shown.delete(key);
  }
}

// What a fault may offer. An action this page does not know is not offered.
const actions = {
  reload: () => location.reload(),
  password: () => go(passwordHref),
  open: (core, dismiss, { conversation }) => (dismiss(), go(conversationHref(conversation))),
  compare: (core, dismiss, { account, store }) => (dismiss(), go(personHref(store, account))),
  restore: (core, dismiss, { conversation }) => (dismiss(), core.command('restore', { conversation }).catch(() => {})),
  reconnect: (core) => core.command('reconnect').catch(() => {}),
  'new-password': async (core, dismiss) => {
    const { openNewPassword } = await import('./new-password.js');
    if (await openNewPassword(core)) dismiss();
  },
};

// Where somebody's number is to be seen: from a conversation with them, if there is one.
function personHref({ conversations }, account) {
  const shared = conversations.filter((c) => c.kind !== 'everyone' && c.people?.some((p) => p.account === account));
  const direct = shared.find((c) => c.kind === 'direct');
  if (direct) return aboutHref(direct.id);
  return shared.length > 0 ? aboutHref(shared[0].id, account) : contactHref(account);
}
