import { View, el } from '../dom.js';
import { icon } from '../icons.js';
import { listHref } from '../route.js';
import { strings } from '../strings.js';
import { conversationAvatar } from './avatar.js';
import { ComposerView } from './composer.js';
import { titleOf } from './list.js';
import { TimelineView } from './timeline.js';

const words = strings.conversation;

/** One open conversation: its head, its timeline and the composer. */
export class ConversationView extends View {
  #store;
  #title = el('h1', { class: 'top-title', dir: 'auto' });
  #detail = el('p', { class: 'top-detail' });
  #timeline;
  #composer;

  constructor(core, store, conversation, leave) {
    super();
    this.id = conversation.id;
    this.#store = store;
    this.#timeline = this.own(new TimelineView(core, store, conversation, (message) => this.#composer.ask(message)));
    this.#composer = this.own(new ComposerView(core, store, conversation, { sent: () => this.#timeline.sent(), leave }));
    this.root = el(
      'main',
      { class: 'conversation' },
      el(
        'header',
        { class: 'top' },
        el('a', { class: 'btn btn-round top-back', href: listHref, 'aria-label': words.back, title: words.back }, icon('back')),
        conversationAvatar(conversation, store.session.account),
        el('div', { class: 'top-text' }, this.#title, this.#detail),
      ),
      this.#timeline.root,
      this.#composer.root,
    );
    this.own(store.on('conversations', () => this.#update()));
    this.#update();
  }

  /** To be called when the root is on the page. */
  opened() {
    this.#timeline.opened();
    this.#composer.opened();
  }

  #update() {
    const conversation = this.#store.conversation(this.id);
    if (!conversation) return;
    this.#title.textContent = titleOf(conversation);
    this.#detail.replaceChildren(icon(conversation.kind === 'everyone' ? 'globe' : 'lock'), detailOf(conversation));
    this.#detail.title = this.#detail.textContent;
    this.#composer.allow(conversation);
  }
}

function detailOf({ kind, people }) {
  if (kind === 'everyone') return words.everyone;
  if (kind === 'direct') return words.direct;
  return words.people((people ?? []).map((p) => p.name));
}
