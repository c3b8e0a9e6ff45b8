import { View, el, replace } from '../dom.js';
import { frond } from '../icons.js';
import { conversationHref, currentPage, go, listHref, settingsHref } from '../route.js';
import { strings } from '../strings.js';
import { personAvatar } from './avatar.js';
import { iconButton } from './button.js';
import { ConnectionView } from './connection.js';
import { CodeView } from './code.js';
import { ContactView } from './contact.js';
import { ConversationView } from './conversation.js';
import { closeDialogs } from './dialog.js';
import { FaultsView } from './faults.js';
import { ListView } from './list.js';
import { MembersView } from './members.js';
import { openNewConversation } from './new-conversation.js';
import { NewsView } from './news.js';
import { RestoreView } from './restore.js';
import { SettingsView } from './settings.js';
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
  #view = null; // what stands in main
  #shown = ''; // the address it was made for
  #settings;

  constructor(core, store) {
    super();
    this.#core = core;
    this.#store = store;
    this.#list = this.own(new ListView(store));
    const connection = this.own(new ConnectionView(core, store));
    const faults = this.own(new FaultsView(core, store));
    const news = this.own(new NewsView(core, store));
    this.root = el('div', { class: 'shell' }, connection.root, el('div', { class: 'banners' }, faults.root, news.root), this.#side(), this.#main);
    this.listen(window, 'hashchange', () => this.#route());
    this.own(store.on('conversations', () => this.#conversationsChanged()));
    this.own(() => this.#view?.close());
    this.own(store.on('session', () => this.#setRecovery()));
    this.#setTitle();
    this.#setRecovery();
  }

  /** To be called when the root is on the page. */
  shown() {
    this.#route();
  }

  #side() {
    const { session } = this.#store;
    const restore = this.own(new RestoreView(this.#store));
    this.#settings = iconButton('sliders', strings.list.settings, 'btn-round', () => go(settingsHref));
    return el(
      'div',
      { class: 'side' },
      el(
        'header',
        { class: 'side-head' },
        el('div', { class: 'wordmark' }, frond(), strings.app),
        iconButton('pen', strings.list.create, 'btn-round accent', () => this.#create()),
      ),
      restore.root,
      this.#list.root,
      el(
        'footer',
        { class: 'side-foot' },
        personAvatar(session.name, session.account),
        el('span', { class: 'side-name', title: strings.list.signedInAs(session.name) }, session.name),
        this.#settings,
        iconButton('exit', strings.list.signOut, 'btn-round', () => openSignOut(this.#core)),
      ),
    );
  }

  async #create() {
    const id = await openNewConversation(this.#core);
    if (id) go(conversationHref(id));
  }

  // Opens what the address names, unless it is open already. What needs a conversation waits until the
  // list has it.
  #route() {
    const { page, id } = currentPage();
    this.root.classList.toggle('has-main', page !== 'list');
    if (this.#view && this.#shown === location.hash) return;
    closeDialogs();
    this.#view?.close();
    this.#view = this.#make(page, id);
    this.#shown = location.hash;
    replace(this.#main, this.#view?.root ?? (id ? missing() : nothing()));
    this.#view?.opened();
    if (page === 'list') this.#list.focus();
  }

  #make(page, id) {
    const conversation = id && this.#store.conversation(id);
    if (id && !conversation) return null;
    switch (page) {
      case 'conversation':
        return new ConversationView(this.#core, this.#store, conversation, () => this.#list.focus());
      case 'about':
        return new (conversation.kind === 'direct' ? ContactView : MembersView)(this.#core, this.#store, conversation);
      case 'settings':
        return new SettingsView(this.#core, this.#store);
      case 'code':
        return new CodeView(this.#core, this.#store);
    }
    return null;
  }

  // A conversation that is gone takes its pages with it.
  #conversationsChanged() {
    this.#setTitle();
    const { id } = currentPage();
    if (!id) return;
    if (this.#view && this.#store.listed && !this.#store.conversation(id)) go(listHref);
    else if (!this.#view) this.#route();
  }

  // A mark at the settings while a forgotten password would cost everything.
  #setRecovery() {
    const open = this.#store.session.recovery === false;
    this.#settings.classList.toggle('marked', open);
    this.#settings.setAttribute('aria-description', open ? strings.list.noRecovery : '');
  }

  #setTitle() {
    document.title = strings.title(this.#store.unread);
  }
}

const emptyState = (title, text) =>
  el('main', { class: 'empty' }, frond(), el('h1', null, title), el('p', { class: 'muted' }, text));

const nothing = () => emptyState(strings.conversation.none, strings.conversation.noneHint);
const missing = () => emptyState(strings.conversation.missing, strings.conversation.missingHint);
