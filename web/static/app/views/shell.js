import { View, el, replace } from '../dom.js';
import { frond } from '../icons.js';
import { currentConversation, go, conversationHref } from '../route.js';
import { strings } from '../strings.js';
import { personAvatar } from './avatar.js';
import { iconButton } from './button.js';
import { ConnectionView } from './connection.js';
import { ConversationView } from './conversation.js';
import { FaultsView } from './faults.js';
import { ListView } from './list.js';
import { openNewConversation } from './new-conversation.js';
import { openSignOut } from './sign-out.js';

/**
 * Everything a signed-in person sees: the list on one side, a conversation on the other. On a small
 * screen one of the two is shown, by the address.
 */
export class ShellView extends View {
  #core;
  #store;
  #list;
  #main = el('div', { class: 'main' });
  #conversation = null;

  constructor(core, store) {
    super();
    this.#core = core;
    this.#store = store;
    this.#list = this.own(new ListView(store));
    const connection = this.own(new ConnectionView(core, store));
    const faults = this.own(new FaultsView(core, store));
    this.root = el('div', { class: 'shell' }, connection.root, faults.root, this.#side(), this.#main);
    this.listen(window, 'hashchange', () => this.#route());
    this.own(store.on('conversations', () => this.#conversationsChanged()));
    this.own(() => this.#conversation?.close());
    this.#setTitle();
  }

  /** To be called when the root is on the page. */
  shown() {
    this.#route();
  }

  #side() {
    const { session } = this.#store;
    return el(
      'div',
      { class: 'side' },
      el(
        'header',
        { class: 'side-head' },
        el('div', { class: 'wordmark' }, frond(), strings.app),
        iconButton('pen', strings.list.create, 'btn-round accent', () => this.#create()),
      ),
      this.#list.root,
      el(
        'footer',
        { class: 'side-foot' },
        personAvatar(session.name, session.account),
        el('span', { class: 'side-name', title: strings.list.signedInAs(session.name) }, session.name),
        iconButton('exit', strings.list.signOut, 'btn-round', () => openSignOut(this.#core)),
      ),
    );
  }

  async #create() {
    const id = await openNewConversation(this.#core);
    if (id) go(conversationHref(id));
  }

  // Opens what the address names, unless it is open already.
  #route() {
    const id = currentConversation();
    this.root.classList.toggle('has-conversation', id !== null);
    if (this.#conversation && this.#conversation.id === id) return;
    this.#conversation?.close();
    this.#conversation = null;
    const conversation = id && this.#store.conversation(id);
    if (conversation) this.#open(conversation);
    else replace(this.#main, id ? missing() : nothing());
    if (!id) this.#list.focus();
  }

  #open(conversation) {
    this.#conversation = new ConversationView(this.#core, this.#store, conversation, () => this.#list.focus());
    replace(this.#main, this.#conversation.root);
    this.#conversation.opened();
  }

  #conversationsChanged() {
    this.#setTitle();
    if (!this.#conversation && currentConversation()) this.#route();
  }

  #setTitle() {
    document.title = strings.title(this.#store.unread);
  }
}

const emptyState = (title, text) =>
  el('main', { class: 'empty' }, frond(), el('h1', null, title), el('p', { class: 'muted' }, text));

const nothing = () => emptyState(strings.conversation.none, strings.conversation.noneHint);
const missing = () => emptyState(strings.conversation.missing, strings.conversation.missingHint);
