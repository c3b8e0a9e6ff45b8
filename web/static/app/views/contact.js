import { el, replace } from '../dom.js';
import { span } from '../format.js';
import { icon } from '../icons.js';
import { aboutHref, conversationHref, listHref } from '../route.js';
import { errorText, strings } from '../strings.js';
import { BlockView } from './block.js';
import { confirmThat } from './confirm.js';
import { PanelView, section, trouble, waiting } from './panel.js';
import { qrCode } from './qr.js';
import { canScan, openScan } from './scan.js';

const words = strings.contact;

/** Who somebody is: the safety number to compare, and whether that was done. */
export default class ContactView extends PanelView {
  #core;
  #account;
  #alone; // there is no conversation that could ask whether to go on
  #status = el('p', { class: 'card-note', role: 'status' });
  #alert = el('p', { class: 'form-alert', role: 'alert' });

  // Without an account it is the other one of two people; without a conversation it is somebody in none.
  constructor(core, store, conversation, account) {
    const is = account ? (p) => p.account === account : (p) => p.account !== store.session.account;
    const person = conversation?.people.find(is);
    super({ title: person?.name ?? conversation?.title ?? words.number, ...wayBack(conversation, account) });
    this.#core = core;
    this.#account = account ?? person?.account;
    this.#alone = !conversation;
    this.body.append(waiting(words.loading));
    if (conversation) this.#follow(store, conversation.id, is);
    else this.own(store.on('fault', (fault) => fault.account === account && this.load()));
    this.load();
  }

  #follow(store, id, is) {
    const look = (c) => JSON.stringify([c.verified, c.people.find(is)]);
    let shown = look(store.conversation(id));
    this.own(
      store.on('conversations', () => {
        const now = store.conversation(id);
        if (!now || look(now) === shown) return;
        shown = look(now);
        this.load();
      }),
    );
  }

  async load() {
    try {
      const contact = await this.#core.command('contact', { account: this.#account });
      if (!this.closed) this.#draw(contact);
    } catch (error) {
      if (!this.closed) replace(this.body, trouble(errorText(error), words.again, () => this.load()));
    }
  }

  #draw(contact) {
    this.title = contact.name;
    this.draw(
      contact.changed && el('p', { class: 'form-alert' }, changedText(contact)),
      contact.doubted && el('p', { class: 'form-alert' }, words.doubted(contact.name)),
      section(
        words.number,
        el('p', { class: 'muted' }, words.explain(contact.name)),
        el(
          'div',
          { class: 'safety-number' },
          el('ol', { class: 'number-grid', 'aria-label': words.digits }, groups(contact.number).map((g) => el('li', null, g))),
          qrCode(contact.code, words.qr),
        ),
        canScan() && el('button', { type: 'button', class: 'btn btn-outline-primary', on: { click: () => this.#scan(contact) } }, words.scan),
      ),
      section(words.verification, this.#verification(contact)),
      contact.blocked !== undefined && section(strings.block.title, this.own(new BlockView(this.#core, contact, () => this.load())).root),
    );
  }

  #verification(contact) {
    const { name, verified, doubted } = contact;
    const style = verified ? 'btn-quiet' : isHeld(contact) ? 'btn-outline-primary' : 'btn-primary';
    const unverified = doubted ? words.compareAgain : words.unverified;
    const mark = el('p', { class: ['verified-line', verified ? 'is-safe' : 'is-open'] }, icon(verified ? 'shield' : 'warning'), (verified ? words.verified : unverified)(name));
    const button = el(
      'button',
      { type: 'button', class: ['btn', style], on: { click: () => this.#mark(contact) } },
      verified ? words.unverify : words.verify,
    );
    return [mark, this.#alert, el('div', { class: 'panel-buttons' }, button, this.#acceptButton(contact)), this.#status];
  }

  #acceptButton(contact) {
    if (!this.#alone || !(contact.changed || contact.doubted) || isHeld(contact)) return null;
    return el('button', { type: 'button', class: 'btn btn-quiet', on: { click: () => this.#accept(contact) } }, strings.keyChanged.accept);
  }

  async #accept({ account, name }) {
    this.#alert.textContent = '';
    try {
      await this.#core.command('accept-key', { account });
      if (this.closed) return;
      await this.load();
      this.#status.textContent = words.accepted(name);
    } catch (error) {
      this.#alert.textContent = errorText(error);
    }
  }

  // During a hold this one click would lift it: then it is asked whether there was a comparison.
  async #mark(contact) {
    if (contact.verified || !isHeld(contact)) return this.#verify(contact, !contact.verified);
    await confirmThat(words.compared(contact.name), () => this.#core.command('verify', { account: contact.account, verified: true }));
    if (!this.closed) await this.load();
  }

  async #verify({ account }, verified) {
    this.#alert.textContent = '';
    try {
      await this.#core.command('verify', { account, verified });
      if (this.closed) return;
      this.#status.textContent = '';
      await this.load();
    } catch (error) {
      this.#alert.textContent = errorText(error);
    }
  }

  async #scan(contact) {
    const answer = await openScan(async (code) => {
      if (code.length !== contact.code.length) return null; // a code for something else
      const { match } = await this.#core.command('compare', { account: contact.account, code });
      return match ? 'match' : 'other';
    });
    if (!answer || this.closed) return;
    if (answer === 'match') {
      await this.#verify(contact, true);
      this.#status.textContent = words.matched(contact.name);
    } else {
      this.#alert.textContent = words.differs(contact.name);
    }
  }
}

function wayBack(conversation, account) {
  if (!conversation) return { back: listHref, backLabel: strings.conversation.back };
  if (account) return { back: aboutHref(conversation.id), backLabel: words.backMembers };
  return { back: conversationHref(conversation.id), backLabel: words.back };
}

function changedText({ name, reset, heldUntil = 0 }) {
  if (!reset) return words.changed(name);
  const left = heldUntil - Date.now();
  return [words.reset(name), left > 0 && words.held(span(left, true))].filter(Boolean).join(' ');
}

const isHeld = ({ heldUntil = 0 }) => heldUntil > Date.now();

const groups = (number) => number.split(/\s+/).filter(Boolean);
