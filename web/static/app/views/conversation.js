import { View, el } from '../dom.js';
import { icon } from '../icons.js';
import { aboutHref, listHref } from '../route.js';
import { strings } from '../strings.js';
import { conversationAvatar } from './avatar.js';
import { ComposerView } from './composer.js';
import { KeyChangedView } from './key-changed.js';
import { titleOf } from './list.js';
import { RetentionButton, retentionLabel } from './retention.js';
import { TimelineView } from './timeline.js';

const words = strings.conversation;

/** One open conversation: its head, its timeline and the composer. */
export class ConversationView extends View {
  #core;
  #store;
  #title = el('h1', { class: 'top-title', dir: 'auto' });
  #detail = el('p', { class: 'top-detail' });
  #timeline;
  #composer;
  #retention;
  #changed = null; // stands there while somebody's key holds messages back

  constructor(core, store, conversation, leave) {
    super();
    this.id = conversation.id;
    this.#store = store;
    this.#composer = this.own(new ComposerView(core, store, conversation, { sent: () => this.#timeline.sent(), leave }));
    this.#timeline = this.own(new TimelineView(core, store, conversation, ({ draft }) => this.#composer.offer(draft)));
    this.#retention = new RetentionButton(core, store, conversation.id);
    this.root = el(
      'main',
      { class: 'conversation' },
      el(
        'header',
        { class: 'top' },
        el('a', { class: 'btn btn-round top-back', href: listHref, 'aria-label': words.back, title: words.back }, icon('back')),
        conversationAvatar(conversation, store.session.account),
        el('div', { class: 'top-text' }, this.#title, this.#detail),
        this.#retention.root,
        aboutLink(conversation),
      ),
      this.#timeline.root,
      this.#composer.root,
    );
    this.own(store.on('conversations', () => this.#update()));
    this.own(() => this.#changed?.close());
    this.#core = core;
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
    this.#detail.replaceChildren(icon(iconOf(conversation)), detailOf(conversation));
    this.#detail.classList.toggle('is-verified', Boolean(conversation.verified));
    this.#detail.title = this.#detail.textContent;
    this.#retention.update(conversation);
    this.#composer.allow(conversation);
    this.#followKey(conversation);
  }

  #followKey(conversation) {
    if (!conversation.keyChanged) {
      this.#changed?.close();
      this.#changed = null;
    } else if (this.#changed) {
      this.#changed.update(conversation);
    } else {
      this.#changed = new KeyChangedView(this.#core, this.#store, conversation);
      this.#composer.root.before(this.#changed.root);
    }
  }
}

const iconOf = ({ kind, verified }) => (kind === 'everyone' ? 'globe' : verified ? 'shield' : 'lock');

function aboutLink({ id, kind }) {
  const label = kind === 'direct' ? words.contact : words.members;
  return el('a', { class: 'btn btn-round', href: aboutHref(id), 'aria-label': label, title: label }, icon(kind === 'direct' ? 'shield' : 'people'));
}

function detailOf(conversation) {
  const { retention } = conversation;
  const label = retention && retention !== 'full' ? `${retentionLabel(conversation)} · ` : '';
  return label + natureOf(conversation);
}

function natureOf({ kind, people, verified }) {
  if (kind === 'everyone') return words.everyone;
  if (kind === 'direct') return verified ? words.verified : words.direct;
  return words.people((people ?? []).map((p) => p.name));
}
