import { View, el, reconcile, replace, uniqueId } from '../dom.js';
import { fullTime, shortTime } from '../format.js';
import { conversationHref, currentConversation } from '../route.js';
import { strings } from '../strings.js';
import { icon } from '../icons.js';
import { conversationAvatar } from './avatar.js';

const words = strings.list;

/** A conversation that this device is still joining has told it no name yet. */
export const titleOf = ({ kind, title }) => (kind === 'everyone' ? words.everyone : title || words.untitled[kind]);

/** The list of conversations: one link each, and the arrow keys move among them. */
export class ListView extends View {
  #store;
  #items = new Map(); // id -> Item
  #planned = false;
  #hint = el('p', { class: 'list-hint' }, words.hint);

  constructor(store) {
    super();
    this.#store = store;
    this.root = el('nav', { class: 'list', 'aria-label': words.landmark, on: { keydown: (event) => this.#key(event) } });
    this.own(store.on('conversations', () => this.#updateSoon()));
    this.own(store.on('draft', () => this.#updateSoon()));
    this.listen(window, 'hashchange', () => this.#update());
    this.#update();
    const minute = setInterval(() => this.#update(true), 60_000); // "Today" does not stay true
    this.own(() => clearInterval(minute));
  }

  // A new device hears of hundreds of conversations within a second.
  #updateSoon() {
    if (this.#planned) return;
    this.#planned = true;
    const update = () => {
      this.#planned = false;
      if (!this.closed) this.#update();
    };
    if (document.visibilityState === 'visible') requestAnimationFrame(update);
    else setTimeout(update);
  }

  #update(again = false) {
    const current = currentConversation();
    const nodes = this.#store.conversations.map((conversation) => {
      const item = this.#items.get(conversation.id) ?? new Item();
      this.#items.set(conversation.id, item);
      const here = conversation.id === current;
      item.show(conversation, this.#store.session.account, here, here ? null : draftOf(conversation, this.#store.drafts), again);
      return item.root;
    });
    this.#forget();
    const alone = this.#store.listed && this.#store.conversations.every((c) => c.kind === 'everyone');
    reconcile(this.root, alone ? [...nodes, this.#hint] : nodes);
    this.#oneTabStop(nodes);
  }

  #forget() {
    const here = new Set(this.#store.conversations.map((c) => c.id));
    for (const id of this.#items.keys()) if (!here.has(id)) this.#items.delete(id);
  }

  // The list is one stop for the Tab key: where the focus is, else the open conversation, else the first.
  #oneTabStop(links) {
    const focused = document.activeElement;
    const stop = links.find((a) => a === focused) ?? links.find((a) => a.ariaCurrent) ?? links[0];
    for (const link of links) {
      const index = link === stop ? 0 : -1;
      if (link.tabIndex !== index || !link.hasAttribute('tabindex')) link.tabIndex = index;
    }
  }

  #key(event) {
    const links = [...this.root.querySelectorAll('a')];
    const at = links.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key];
    if (at < 0 || to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const next = links[Math.max(0, Math.min(links.length - 1, to))];
    next.focus();
    this.#oneTabStop(links);
  }

  /** Puts the focus on the open conversation's link, or on the first one. */
  focus() {
    (this.root.querySelector('a[aria-current]') ?? this.root.querySelector('a'))?.focus();
  }
}

class Item {
  #avatar = el('span', { class: 'list-avatar' });
  #title = el('bdi', { id: uniqueId('title') });
  #verified = el('span', { class: 'list-verified', title: words.verified, hidden: true }, icon('shield'));
  #time = el('time', { class: 'list-time' });
  #preview = el('bdi');
  #badge = el('span', { class: 'list-badge' });
  #kind = '';
  #shown = [];

  constructor() {
    this.root = el(
      'a',
      { class: 'list-item', 'aria-labelledby': this.#title.id },
      this.#avatar,
      el('span', { class: 'list-top' }, el('span', { class: 'list-title' }, this.#title, this.#verified), this.#time),
      el('span', { class: 'list-bottom' }, el('span', { class: 'list-preview' }, this.#preview), this.#badge),
    );
  }

  /** Shows a conversation, unless it is what is shown; the store replaces what changes. */
  show(conversation, self, current, draft, again) {
    const now = [conversation, self, current, draft];
    if (!again && now.every((part, i) => part === this.#shown[i])) return;
    this.#shown = now;
    this.#update(conversation, self, current, draft);
  }

  #update(conversation, self, current, draft) {
    const title = titleOf(conversation);
    const preview = draft ?? previewOf(conversation, self);
    this.#preview.classList.toggle('list-draft', Boolean(draft));
    this.root.classList.toggle('blocked', Boolean(conversation.blocked));
    this.root.href = conversationHref(conversation.id);
    if (current) this.root.setAttribute('aria-current', 'page');
    else this.root.removeAttribute('aria-current');
    setText(this.#title, title);
    setText(this.#preview, preview);
    this.#setAvatar(conversation, self);
    this.#setTime(conversation.last?.at);
    this.#setBadge(conversation.unread);
    this.#verified.hidden = !conversation.verified;
    const unread = conversation.unread > 0 ? words.unread(conversation.unread) : '';
    this.root.setAttribute('aria-description', [unread, preview, conversation.verified && words.verified].filter(Boolean).join('. '));
  }

  #setAvatar(conversation, self) {
    const kind = `${conversation.kind} ${conversation.title}`;
    if (kind === this.#kind) return;
    this.#kind = kind;
    replace(this.#avatar, conversationAvatar(conversation, self));
  }

  #setTime(at) {
    setText(this.#time, at ? shortTime(at) : '');
    this.#time.hidden = !at;
    if (at) {
      this.#time.dateTime = new Date(at).toISOString();
      this.#time.title = fullTime(at);
    }
  }

  #setBadge(unread) {
    setText(this.#badge, unread > 99 ? '99+' : String(unread || ''));
    this.#badge.hidden = !unread;
    this.root.classList.toggle('unread', unread > 0);
  }
}

// Text that stays the same is left alone, so that a selection or a screen reader is not disturbed.
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// What was begun and not sent comes before what others said last. Only the core knows of drafts that
// another device made.
function draftOf({ id, draft, blocked }, drafts) {
  if (blocked) return null;
  const text = drafts.get(id);
  if (text) return words.draft(text.slice(0, 200));
  return draft ? words.draftElsewhere : null;
}

function previewOf({ kind, last, joining, keyReason, people, blocked }, self) {
  if (blocked) return words.blocked;
  if (joining) return words.joining;
  if (keyReason) return strings.keyChanged.labels[keyReason];
  if (!last) return words.noMessages;
  const own = people?.find((p) => p.account === self)?.name;
  if (last.name && last.name === own) return words.own(last.preview);
  return kind === 'direct' || !last.name ? last.preview : words.preview(last.name, last.preview);
}
