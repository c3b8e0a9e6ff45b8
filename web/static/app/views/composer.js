import { View, el, replace, uniqueId } from '../dom.js';
import { byteLength } from '../format.js';
import { go, listHref } from '../route.js';
import { errorText, strings } from '../strings.js';
import { iconButton } from './button.js';
import { titleOf } from './list.js';

const words = strings.composer;
const maxText = 64 * 1024; // bytes of UTF-8, as the server counts
const nearLimit = 0.8;
const writing = 10_000; // ms after a key in which another device's draft changes nothing here
const breath = 700; // ms without a key after which a draft is worth keeping

/** Where a message is written. What is not sent yet stays with its conversation as a draft. */
export class ComposerView extends View {
  #core;
  #store;
  #id;
  #sent;
  #leave;
  #input;
  #send;
  #note;
  #bar; // stands in place of the box while the other person is blocked
  #kept; // the draft as the core has it
  #timer = 0;
  #typedAt = 0;

  constructor(core, store, conversation, { sent, leave }) {
    super();
    this.#core = core;
    this.#store = store;
    this.#id = conversation.id;
    this.#sent = sent;
    this.#leave = leave;
    const note = uniqueId('note');
    this.#note = el('p', { class: 'composer-note', id: note, role: 'status' });
    this.#input = el('textarea', {
      class: 'composer-input',
      rows: '1',
      dir: 'auto',
      'aria-label': words.message,
      'aria-describedby': note,
      enterkeyhint: 'send',
      on: { input: () => this.#typed(), keydown: (event) => this.#key(event) },
    });
    this.#send = iconButton('send', words.send, 'composer-send');
    this.#send.type = 'submit';
    this.root = el(
      'form',
      { class: 'composer', on: { submit: (event) => (event.preventDefault(), this.#submit()) } },
      el('div', { class: 'composer-box' }, this.#input, this.#send),
      this.#note,
    );
    this.#bar = el('p', { class: 'composer-bar', hidden: true });
    this.root.prepend(this.#bar);
    this.#input.value = this.#kept = store.drafts.get(this.#id) ?? '';
    this.own(store.on('draft', ({ conversation, text }) => conversation === this.#id && this.offer(text)));
    this.own(() => this.#keepDraft());
  }

  /** To be called when the root is on the page. A touch keyboard comes only when asked for. */
  opened() {
    this.#changed();
    if (matchMedia('(hover: hover)').matches) this.#input.focus();
  }

  /** Takes a draft of the account's other devices, unless something else is being written here. */
  offer(text) {
    const here = this.#input.value;
    if (text === undefined || text === here) return;
    const changed = here !== this.#kept || (Date.now() - this.#typedAt < writing && !text.startsWith(here));
    this.#kept = text;
    if (here !== '' && changed) return;
    this.#input.value = text;
    this.#store.keepDraft(this.#id, text);
    this.#changed();
  }

  /** Follows whether the person may write here. */
  allow(conversation) {
    const { canSend, joining, keyChanged, keyReason, blocked } = conversation;
    this.#input.placeholder = words.placeholder(titleOf(conversation));
    const open = canSend && !keyChanged && !blocked;
    if (Boolean(blocked) === this.#bar.hidden) this.#showBlocked(conversation);
    this.#input.disabled = !open;
    this.#send.disabled = !open;
    if (blocked) this.#say('');
    else if (!open) this.#say(keyChanged ? words.keys[keyReason] : joining ? words.joining : words.closed);
    else if ([words.joining, words.closed, ...Object.values(words.keys)].includes(this.#note.textContent)) this.#say('');
  }

  #showBlocked({ blocked, people, title, kind }) {
    const other = people?.find((p) => p.account !== this.#store.session.account);
    const unblock = el('button', { type: 'button', class: 'btn btn-link', on: { click: () => this.#unblock(other, unblock) } }, words.unblock);
    if (kind === 'direct') replace(this.#bar, words.blocked(title), ' ', unblock);
    else replace(this.#bar, words.blockedGroup);
    this.#bar.hidden = !blocked;
    this.#input.parentNode.hidden = Boolean(blocked);
  }

  async #unblock({ account }, button) {
    button.disabled = true;
    try {
      await this.#core.command('block', { account, blocked: false });
    } catch (error) {
      button.disabled = false;
      this.#say(errorText(error), true);
    }
  }

  // The core keeps the draft sealed, for later and for the other devices. That it could not is worth
  // no word: the text is still here.
  #keepDraft() {
    clearTimeout(this.#timer);
    const text = this.#input.value;
    this.#store.keepDraft(this.#id, text);
    if (text === this.#kept) return;
    this.#kept = text;
    this.#core.command('draft', { conversation: this.#id, text }).catch(() => {});
  }

  #typed() {
    this.#typedAt = Date.now();
    this.#changed();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#keepDraft(), breath);
  }

  #changed() {
    this.#grow();
    this.#send.classList.toggle('ready', this.#input.value.trim() !== '');
    const part = byteLength(this.#input.value) / maxText;
    if (part > 1) this.#say(words.tooLong, true);
    else if (part > nearLimit) this.#say(words.near(Math.floor(part * 100)));
    else if (!this.#input.disabled) this.#say('');
  }

  // The box is as high as its text, up to the limit the style sheet sets.
  #grow() {
    this.#input.style.height = 'auto';
    this.#input.style.height = `${this.#input.scrollHeight}px`;
  }

  #say(text, isError = false) {
    if (this.#note.textContent !== text) this.#note.textContent = text;
    this.#note.classList.toggle('is-error', isError);
  }

  // Enter during composition (of Japanese, say) chooses a word; 229 is how Safari tells.
  #key(event) {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === 'Enter' && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      this.#submit();
    } else if (event.key === 'Escape') {
      if (matchMedia('(max-width: 719.98px)').matches) go(listHref);
      else this.#leave();
    }
  }

  #submit() {
    const text = this.#input.value.replace(/^(\s*\n)+|\s+$/g, '');
    this.#input.focus();
    if (!text) return this.#say(words.empty, true);
    if (byteLength(text) > maxText) return this.#say(words.tooLong, true);
    this.#input.value = '';
    this.#changed();
    this.#keepDraft();
    this.#core.command('send', { conversation: this.#id, text }).then(
      () => this.closed || this.#sent(),
      (error) => this.#refused(text, error),
    );
  }

  // The text comes back: into the box, or into the draft when the person has moved on.
  #refused(text, error) {
    if (this.closed) {
      this.#store.keepDraft(this.#id, [text, this.#store.drafts.get(this.#id)].filter(Boolean).join('\n'));
      return;
    }
    this.#input.value = [text, this.#input.value].filter(Boolean).join('\n');
    this.#changed();
    this.#say(errorText(error), true);
  }
}
