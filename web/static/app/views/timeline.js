import { View, el, reconcile, replace } from '../dom.js';
import { dayName, dayOf } from '../format.js';
import { frond, icon } from '../icons.js';
import { errorText, strings } from '../strings.js';
import { TimelineModel, countsAsUnread, windowSize } from '../timeline-model.js';
import { titleOf } from './list.js';
import { MessageNode } from './message.js';

const words = strings.timeline;
const firstPage = 60;
const page = 80;
const nearEdge = 500; // pixels from an edge at which more is brought in
const nearBottom = 48; // pixels that still count as being at the bottom
const ageing = 15_000; // ms between two looks at how long messages still stay
const sameBreath = 5 * 60_000; // ms between two messages that still form one group

/** The messages of one conversation: a log that grows at the bottom and is read upwards. */
export class TimelineView extends View {
  #core;
  #store;
  #id;
  #model = new TimelineModel();
  #nodes = new Map(); // message id -> MessageNode
  #days = new Map(); // day -> node
  #stuck = true; // the reader is at the bottom and stays there
  #below = 0; // messages that came while the reader was further up
  #unreadFrom = null; // id of the message that "new messages" stands before
  #loading = false;
  #loaded = false;
  #troubled = false; // loading failed, and the top says so
  #read = -1; // position reported as read
  #scheduled = false;
  #opened;
  #log;
  #top = el('div', { class: 'timeline-top' });
  #divider = el('div', { class: 'timeline-new' }, el('span', null, words.newMessages));
  #empty = el('div', { class: 'timeline-empty', hidden: true });
  #jump;

  /** `opened(answer)` is called with the core's answer once the conversation is open. */
  constructor(core, store, conversation, opened) {
    super();
    this.#opened = opened;
    this.#core = core;
    this.#store = store;
    this.#id = conversation.id;
    this.#log = el('div', {
      class: ['timeline', `timeline-${conversation.kind}`],
      role: 'log',
      'aria-label': words.label,
      'aria-busy': 'true',
      tabindex: '0',
      on: { scroll: () => this.#scrolled() },
    });
    this.#jump = el('button', { type: 'button', class: 'btn timeline-jump', hidden: true, on: { click: () => this.#goToNewest() } });
    this.root = el('div', { class: 'timeline-frame' }, this.#log, this.#jump);
    this.own(store.on('conversations', () => this.#loaded && this.#drawEmpty()));
    this.own(store.on('restore', (event) => this.#restored(event)));
    this.own(store.on('timeline', (event) => event.conversation === this.#id && this.#changed(event)));
    this.listen(document, 'visibilitychange', () => this.#markRead());
    this.#followSize();
    const tick = setInterval(() => this.#nodes.forEach((node) => node.tick()), ageing);
    this.own(() => clearInterval(tick));
  }

  /** To be called when the root is on the page. */
  opened() {
    this.#open();
  }

  /** The person wrote something: it is at the bottom, and nothing above is new any more. */
  sent() {
    this.#unreadFrom = null;
    this.#goToNewest();
  }

  // While the reader is at the bottom, the bottom stays in view when the room for it changes.
  #followSize() {
    const observer = new ResizeObserver(() => this.#stuck && this.#toBottom());
    observer.observe(this.#log);
    this.own(() => observer.disconnect());
  }

  async #open() {
    const unread = this.#store.conversation(this.#id)?.unread ?? 0;
    const limit = Math.min(windowSize, Math.max(firstPage, unread + 10));
    const answer = await this.#fetch('open', { limit }, () => this.#open());
    if (!answer) return;
    this.#loaded = true;
    this.#opened(answer);
    this.#model.load(answer);
    this.#unreadFrom = this.#model.firstUnread(unread);
    this.#render();
    if (this.#unreadFrom) this.#showDivider();
    this.#log.setAttribute('aria-busy', 'false');
    this.#scrolled();
  }

  #showDivider() {
    this.#log.scrollTop = this.#divider.offsetTop - this.#log.clientHeight / 4;
    this.#stuck = this.#isAtBottom();
  }

  async #fetchOlder() {
    const before = this.#model.messages[0]?.position;
    if (this.#loading || !this.#loaded || !this.#model.more || before === undefined) return;
    this.#log.setAttribute('aria-busy', 'true'); // what is old is not to be read out
    const answer = await this.#fetch('older', { before, limit: page }, () => this.#fetchOlder());
    if (answer) {
      this.#model.load(answer);
      this.#model.showOlder();
      this.#render();
    }
    this.#log.setAttribute('aria-busy', 'false');
  }

  // Runs a command that answers with messages; on failure says so at the top and offers to repeat it.
  async #fetch(command, data, again) {
    this.#loading = true;
    this.#troubled = false;
    replace(this.#top, el('span', { class: 'spinner-border spinner-border-sm', 'aria-hidden': 'true' }), ` ${words.loading}`);
    if (this.#model.messages.length === 0) reconcile(this.#log, [this.#top]);
    try {
      const answer = await this.#core.command(command, { conversation: this.#id, ...data });
      return this.closed ? null : answer;
    } catch (error) {
      if (!this.closed) this.#failed(error, again);
      return null;
    } finally {
      this.#loading = false;
      if (!this.closed && !this.#troubled) replace(this.#top);
    }
  }

  #failed(error, again) {
    this.#troubled = true;
    const button = el('button', { type: 'button', class: 'btn btn-link', on: { click: again } }, words.again);
    replace(this.#top, `${words.failedToLoad} ${errorText(error)} `, button);
  }

  #changed({ upsert = [], remove = [] }) {
    const known = new Set(this.#model.messages.map((m) => m.id));
    const newest = this.#model.messages.at(-1)?.position ?? -1; // what is older is history that came back
    const arrived = upsert.filter((m) => m.position > newest && !known.has(m.id) && countsAsUnread(m));
    this.#model.upsert(upsert);
    if (remove.length > 0) this.#model.remove(remove);
    const away = !this.#stuck || document.visibilityState === 'hidden';
    if (away && arrived.length > 0) this.#unreadFrom ??= arrived[0].id;
    if (!this.#stuck) this.#below += arrived.length;
    this.#schedule();
  }

  // History that came back is fetched like any other, once the reader is where it begins.
  #restored({ conversation, finished }) {
    if (!this.#loaded || !(finished || conversation === this.#id)) return;
    this.#model.more = true;
    this.#drawTop();
    if (this.#log.scrollTop < nearEdge) this.#fetchOlder();
  }

  // Many events may come at once; they are drawn together. A hidden page gets no animation frames.
  #schedule() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const draw = () => {
      if (!this.#scheduled || this.closed) return;
      this.#scheduled = false;
      this.#render();
      this.#markRead();
    };
    if (document.visibilityState === 'visible') requestAnimationFrame(draw);
    setTimeout(draw, 60);
  }

  #render() {
    if (!this.#loaded) return;
    const anchor = this.#stuck ? null : this.#anchor();
    const messages = this.#model.visible;
    reconcile(this.#log, [this.#empty, this.#top, ...messages.flatMap((m, i) => this.#nodesFor(m, messages[i - 1], messages[i + 1]))]);
    this.#forgetNodes(messages);
    this.#drawTop();
    this.#drawEmpty();
    if (anchor) this.#log.scrollTop += anchor.node.offsetTop - anchor.top;
    else this.#toBottom();
    this.#drawJump();
  }

  #nodesFor(message, before, after) {
    const node = this.#nodes.get(message.id) ?? new MessageNode(message, (action, m) => this.#act(action, m));
    this.#nodes.set(message.id, node);
    node.update(message);
    const divided = message.id === this.#unreadFrom;
    const newDay = !before || dayOf(before.at) !== dayOf(message.at);
    node.place(newDay || divided || !together(before, message), !together(message, after) || after?.id === this.#unreadFrom);
    return [newDay && this.#dayNode(message.at), divided && this.#divider, node.root].filter(Boolean);
  }

  #dayNode(at) {
    const day = dayOf(at);
    if (!this.#days.has(day)) this.#days.set(day, el('div', { class: 'timeline-day' }, el('span')));
    const node = this.#days.get(day);
    const name = dayName(at);
    if (node.firstChild.textContent !== name) node.firstChild.textContent = name;
    return node;
  }

  #forgetNodes(visible) {
    if (this.#nodes.size <= 2 * windowSize) return;
    const keep = new Set(visible.map((m) => m.id));
    for (const id of this.#nodes.keys()) if (!keep.has(id)) this.#nodes.delete(id);
  }

  #drawTop() {
    if (this.#loading || this.#troubled) return; // then it says that
    if (!this.#model.more && this.#model.start === 0 && this.#store.restore) return void replace(this.#top, words.restoring);
    const begun = !this.#model.more && this.#model.start === 0 && this.#model.messages.length > 0;
    replace(this.#top, begun && words.beginning);
  }

  // In the flow of the log, so that it makes room for what else is there. Nobody is asked to write where they cannot.
  #drawEmpty() {
    const conversation = this.#store.conversation(this.#id);
    const spoken = this.#model.more || this.#model.messages.some((m) => m.kind !== 'notice');
    this.#empty.hidden = spoken || !conversation?.canSend || Boolean(conversation.keyChanged || conversation.blocked);
    if (this.#empty.hidden) return;
    const title = titleOf(conversation);
    const heading = conversation.kind === 'direct' ? words.emptyDirect(title) : words.emptyGroup(title);
    if (this.#empty.querySelector('h2')?.textContent === heading) return;
    replace(this.#empty, frond(), el('h2', null, heading), el('p', { class: 'muted' }, words.emptyHint));
  }

  // The first message in view and where it stands, to put it back there after a change above it. Day
  // lines do not serve: they move to the first message of their day.
  #anchor() {
    const { scrollTop } = this.#log;
    for (const node of this.#log.querySelectorAll(':scope > article')) {
      if (node.offsetTop + node.offsetHeight > scrollTop) return { node, top: node.offsetTop };
    }
    return null;
  }

  #isAtBottom() {
    const { scrollHeight, scrollTop, clientHeight } = this.#log;
    return this.#model.atNewest && scrollHeight - scrollTop - clientHeight < nearBottom;
  }

  #toBottom() {
    this.#log.scrollTop = this.#log.scrollHeight;
  }

  #scrolled() {
    if (!this.#loaded) return;
    this.#stuck = this.#isAtBottom();
    if (this.#stuck) this.#below = 0;
    const { scrollTop, scrollHeight, clientHeight } = this.#log;
    if (scrollTop < nearEdge) this.#older();
    else if (scrollHeight - scrollTop - clientHeight < nearEdge && this.#model.showNewer()) this.#render();
    this.#drawJump();
    this.#markRead();
  }

  #older() {
    if (this.#model.showOlder()) this.#render();
    else this.#fetchOlder();
  }

  #goToNewest() {
    this.#model.showNewest();
    this.#below = 0;
    this.#stuck = true;
    this.#render();
    this.#markRead();
  }

  #drawJump() {
    this.#jump.hidden = this.#stuck;
    if (this.#stuck) return;
    const label = words.newest(this.#below);
    this.#jump.setAttribute('aria-label', label);
    this.#jump.title = label;
    replace(this.#jump, icon('down'), this.#below > 0 && el('span', { class: 'list-badge' }, this.#below));
  }

  // What others wrote counts as read once its end was in view in a visible page.
  #markRead() {
    if (!this.#loaded || !this.#stuck || document.visibilityState !== 'visible') return;
    const last = this.#model.messages.findLast((m) => !m.own);
    if (!last || last.position <= this.#read) return;
    this.#read = last.position;
    this.#core.command('read', { conversation: this.#id, position: last.position }).catch(() => (this.#read = -1));
  }

  async #act(action, message) {
    if (action === 'reload') return location.reload();
    const whole = action === 'restore'; // it concerns the conversation, not one message
    try {
      await this.#core.command(action, { conversation: this.#id, ...(whole ? {} : { message: message.id }) });
    } catch (error) {
      this.#store.apply('fault', { code: error.code, text: errorText(error) });
    }
  }
}

/** Whether two neighbours are shown as one group. */
function together(a, b) {
  if (!a || !b || a.kind === 'notice' || b.kind === 'notice') return false;
  return a.account === b.account && b.at - a.at < sameBreath && dayOf(a.at) === dayOf(b.at);
}
