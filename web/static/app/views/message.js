import { el, replace } from '../dom.js';
import { clockTime, fullTime, hueOf, span } from '../format.js';
import { icon } from '../icons.js';
import { strings } from '../strings.js';
import { personAvatar } from './avatar.js';

const words = strings.timeline;
const quiet = { asking: words.asking, blocked: words.blocked, unlisted: words.unlisted }; // reasons with nothing to do about them here
const longText = 2400; // characters after which a message is shown folded
const stateIcons = { pending: 'clock', sent: 'check', failed: 'warning' };

/**
 * The node of one message. `update` takes the next version of the same message; where it stands
 * among its neighbours (`head`, `tail`) is only a matter of classes. `act(action, message)` is called
 * for Retry and Discard, and for the one thing that a reason offers.
 */
export class MessageNode {
  #message;
  #act;
  #unfolded = false;
  #left = null; // says how long the message still stays

  constructor(message, act) {
    this.#act = act;
    this.root = el('article');
    this.update(message);
  }

  update(message) {
    if (message === this.#message) return;
    this.#message = message;
    this.root.dataset.state = message.state;
    this.root.dataset.message = message.id;
    if (message.kind === 'notice') replace(this.root, el('p', { dir: 'auto' }, plainText(message.parts)));
    else replace(this.root, this.#contents());
  }

  place(head, tail) {
    const { kind, own, state, parts } = this.#message;
    const classes =
      kind === 'notice'
        ? ['notice']
        : ['message', own ? 'own' : 'other', head && 'head', tail && 'tail', state === 'unreadable' && 'unreadable', isBig(parts) && 'big'];
    const wanted = classes.filter(Boolean).join(' ');
    if (this.root.className !== wanted) this.root.className = wanted;
  }

  #contents() {
    const { own, name, account } = this.#message;
    const title = el('span', { class: 'message-name', dir: 'auto' }, name, el('span', { class: 'visually-hidden' }, ': '));
    title.style.setProperty('--hue', hueOf(account));
    const bubble = el('div', { class: 'bubble' }, title, this.#body());
    return [own ? null : personAvatar(name, account, true), bubble, this.#actions()];
  }

  #body() {
    const { state, parts, reason } = this.#message;
    const readable = state !== 'unreadable';
    const content = readable ? parts.map(partNode) : unreadable(reason);
    const text = el('div', { class: 'message-text' }, content);
    const folded = readable && !this.#unfolded && lengthOf(parts) > longText;
    text.classList.toggle('folded', folded);
    return el('div', { class: 'message-body', dir: 'auto' }, text, folded && this.#unfold(text), this.#meta());
  }

  #unfold(text) {
    const button = el('button', { type: 'button', class: 'btn btn-link' }, words.showAll);
    button.addEventListener('click', () => {
      this.#unfolded = true;
      text.classList.remove('folded');
      button.remove();
    });
    return button;
  }

  #meta() {
    const { at, state, own } = this.#message;
    const mark = own && stateIcons[state];
    this.#left = this.#message.expires ? el('span', { class: 'message-left' }, icon('hourglass'), el('span', { 'aria-hidden': 'true' }), el('span', { class: 'visually-hidden' })) : null;
    this.tick();
    return el(
      'span',
      { class: 'message-meta' },
      this.#left,
      el('time', { dir: 'auto', datetime: new Date(at).toISOString(), title: fullTime(at) }, clockTime(at)),
      mark && el('span', { class: 'message-state', title: words.states[state] }, icon(mark), el('span', { class: 'visually-hidden' }, words.states[state])),
    );
  }

  /** Brings the time that is left up to date. */
  tick() {
    if (!this.#left) return;
    const left = this.#message.expires - Date.now();
    const [, short, long] = this.#left.children;
    const said = left > 0 ? words.goneIn(span(left, true)) : words.goneSoon;
    if (long.textContent === said) return;
    this.#left.title = long.textContent = said;
    short.textContent = left > 0 ? span(left) : '';
  }

  #actions() {
    const { state, reason } = this.#message;
    if (state === 'failed') {
      return this.#row(reason?.text ?? words.states.failed, [this.#button('retry', words.retry), this.#button('discard', words.discard)]);
    }
    if (!reason) return null;
    const label = reason.code in quiet ? null : strings.actions[reason.action];
    const said = state === 'unreadable' ? '' : reason.text; // an unreadable one says it in the bubble
    return said || label ? this.#row(said, label && this.#button(reason.action, label)) : null;
  }

  #row(text, buttons) {
    return el('div', { class: 'message-actions' }, text && el('span', { class: 'message-reason' }, text), buttons);
  }

  #button(action, label) {
    return el('button', { type: 'button', class: 'btn btn-link', on: { click: () => this.#act(action, this.#message) } }, label);
  }
}

function unreadable(reason) {
  if (!reason || !(reason.code in quiet)) return [icon('warning'), reason?.text ?? words.unreadable];
  const spinner = reason.code !== 'blocked' && el('span', { class: 'spinner-border spinner-border-sm', 'aria-hidden': 'true' });
  return [spinner, ' ', quiet[reason.code]];
}

const plainText = (parts) => parts.map((p) => (p.type === 'break' ? '\n' : p.text)).join('');
const lengthOf = (parts) => parts.reduce((sum, p) => sum + (p.text?.length ?? 0), 0);

const isBig = (parts) => parts?.length === 1 && parts[0].type === 'text' && /^\p{Extended_Pictographic}{1,3}\uFE0F?$/u.test(parts[0].text);

// The core has parsed the text already: a part is a type and a text, never markup.
function partNode({ type, text, href }) {
  switch (type) {
    case 'emphasis':
      return el('em', null, text);
    case 'strong':
      return el('strong', null, text);
    case 'code':
      return el('code', null, text);
    case 'codeblock':
      return el('pre', { dir: 'ltr' }, el('code', null, text));
    case 'break':
      return el('br');
    case 'link':
      return linkNode(text, href);
    default:
      return text ?? '';
  }
}

const safeSchemes = new Set(['http:', 'https:', 'mailto:']);

// The core lets only these schemes through; the page checks again, because it is the one that links.
function linkNode(text, href) {
  const url = URL.canParse(href) ? new URL(href) : null;
  if (!url || !safeSchemes.has(url.protocol)) return text;
  return el('a', { href: url.href, target: '_blank', rel: 'noopener noreferrer nofollow' }, text);
}
