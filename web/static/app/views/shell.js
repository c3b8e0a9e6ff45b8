import { setTheme } from '../appearance.js';
import { clockError } from '../clock.js';
import { View, el, replace } from '../dom.js';
import { span } from '../format.js';
import { frond } from '../icons.js';
import { codeHref, conversationHref, currentPage, go, goInstead, listHref, settingsHref } from '../route.js';
import { errorText, strings } from '../strings.js';
import { personAvatar } from './avatar.js';
import { iconButton } from './button.js';
import { ConnectionView } from './connection.js';
import { ConversationView } from './conversation.js';
import { closeDialogs } from './dialog.js';
import { FaultsView } from './faults.js';
import { ListView } from './list.js';
import { openNewConversation } from './new-conversation.js';
import { NewsView } from './news.js';
import { trouble } from './panel.js';
import { RestoreView } from './restore.js';
import { openSignOut } from './sign-out.js';

// Pages that few visits need come by themselves when there is time, or when they are asked for.
const panels = {
  settings: () => import('./settings.js'),
  password: () => import('./settings.js'),
  code: () => import('./code.js'),
  contact: () => import('./contact.js'),
  members: () => import('./members.js'),
};
const quiet = 3000; // ms after which there is time

/**
 * Everything a signed-in person sees: the list on one side, a conversation on the other. On a small
 * screen one of the two is shown, by the address.
 */
export class ShellView extends View {
  inside = true; // of the account: the page is past signing in
  #core;
  #store;
  #list;
  #main = el('div', { class: 'main' });
  #view = null; // what stands in main
  #shown = ''; // the address it was made for
  #settings;
  #noCode = el('p', { class: 'side-note', hidden: true }, strings.list.noRecovery, ' ', el('a', { href: codeHref }, strings.list.makeCode));

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
    this.listen(this.root, 'click', (event) => this.#linkedHere(event));
    this.own(store.on('conversations', () => this.#conversationsChanged()));
    this.own(() => this.#view?.close());
    this.own(store.on('session', () => this.#setRecovery()));
    this.own(store.on('settings', () => setTheme(store.settings.theme)));
    this.#setTitle();
    this.#setRecovery();
  }

  /** To be called when the root is on the page. */
  shown() {
    this.#route();
    const timer = setTimeout(() => Object.values(panels).forEach((load) => load().catch(() => {})), quiet);
    this.own(() => clearTimeout(timer));
    this.#fetchSettings();
    this.#checkClock();
  }

  // A core that has no settings leaves the page with its own.
  async #fetchSettings() {
    const answer = await this.#core.command('settings').catch(() => null);
    if (answer && !this.closed) this.#store.apply('settings', answer);
  }

  async #checkClock() {
    const off = await clockError();
    if (!off || this.closed) return;
    const words = strings.clock;
    this.#store.apply('fault', { code: 'clock', text: (off > 0 ? words.fast : words.slow)(span(Math.abs(off), true)) });
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
      this.#noCode,
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
    const { page, id, account } = currentPage();
    this.root.classList.toggle('has-main', page !== 'list');
    this.#setRecovery();
    if (this.#view && this.#shown === location.hash) return this.#view.again?.();
    closeDialogs();
    this.#view?.close();
    this.#view = null;
    this.#shown = location.hash;
    this.#show(page, id, account);
    if (page === 'list') this.#list.focus();
  }

  // A link to where the person is changes no address.
  #linkedHere(event) {
    const link = event.target.closest('a[href^="#"]');
    if (link?.hash === location.hash && !event.ctrlKey && !event.metaKey && !event.shiftKey) go(link.hash);
  }

  #show(page, id, account) {
    const conversation = id ? this.#store.conversation(id) : undefined;
    if (page === 'list') replace(this.#main, nothing());
    else if (id && !conversation) replace(this.#main, missing());
    else if (page === 'conversation') this.#open(new ConversationView(this.#core, this.#store, conversation, () => this.#list.focus()));
    else this.#openPanel(panelOf(page, conversation), conversation, account);
  }

  #open(view) {
    this.#view = view;
    replace(this.#main, view.root);
    view.opened();
  }

  async #openPanel(name, conversation, account) {
    const { hash } = location;
    try {
      const { default: Panel } = await panels[name]();
      if (!this.closed && location.hash === hash && !this.#view) this.#open(new Panel(this.#core, this.#store, conversation, account));
    } catch (error) {
      console.warn(`frond: ${error.message}`);
      const again = () => this.#openPanel(name, conversation, account);
      if (!this.closed && location.hash === hash) replace(this.#main, el('main', { class: 'empty' }, trouble(errorText({ code: 'offline' }), strings.settings.again, again)));
    }
  }

  // A conversation that is gone takes its pages with it.
  #conversationsChanged() {
    this.#setTitle();
    const { id } = currentPage();
    if (!id) return;
    if (this.#view && this.#store.listed && !this.#store.conversation(id)) goInstead(listHref);
    else if (!this.#view) this.#route();
  }

  // A line under the list and a mark at the settings while a forgotten password would cost everything.
  #setRecovery() {
    const open = this.#store.session.recovery === false;
    this.#noCode.hidden = !open || currentPage().page === 'code';
    this.#settings.classList.toggle('marked', open);
    this.#settings.setAttribute('aria-description', open ? strings.list.noRecovery : '');
  }

  #setTitle() {
    document.title = strings.title(this.#store.unread);
  }
}

function panelOf(page, conversation) {
  if (page === 'person') return 'contact';
  if (page !== 'about') return page;
  return conversation.kind === 'direct' ? 'contact' : 'members';
}

const emptyState = (title, text, way) =>
  el('main', { class: 'empty' }, frond(), el('h1', null, title), el('p', { class: 'muted' }, text), way);

const nothing = () => emptyState(strings.conversation.none, strings.conversation.noneHint);
const missing = () =>
  emptyState(strings.conversation.missing, strings.conversation.missingHint, el('a', { class: 'btn btn-outline-primary', href: listHref }, strings.conversation.back));
