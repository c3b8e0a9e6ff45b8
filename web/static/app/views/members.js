import { el, replace } from '../dom.js';
import { icon } from '../icons.js';
import { aboutHref, conversationHref, go, listHref } from '../route.js';
import { errorText, strings } from '../strings.js';
import { personAvatar } from './avatar.js';
import { setBlocked } from './block.js';
import { askFor, confirmThat } from './confirm.js';
import { DialogView } from './dialog.js';
import { Field } from './field.js';
import { titleOf } from './list.js';
import { PanelView, section, trouble, waiting } from './panel.js';
import { PeopleField } from './people.js';

const words = strings.members;
const roles = ['owner', 'moderator', 'member'];

/** Who is in a conversation, and what this person may change about that. */
export default class MembersView extends PanelView {
  #core;
  #store;
  #id;
  #shown = '';
  #alert = el('p', { class: 'form-alert', role: 'alert' });

  constructor(core, store, conversation) {
    super({ title: titleOf(conversation), back: conversationHref(conversation.id), backLabel: words.back });
    this.#core = core;
    this.#store = store;
    this.#id = conversation.id;
    this.body.append(waiting(words.loading));
    this.own(
      store.on('conversations', () => {
        const now = store.conversation(this.#id);
        if (!now) return;
        this.title = titleOf(now);
        this.load();
      }),
    );
    this.load();
  }

  async load() {
    try {
      const answer = await this.#command('members');
      const shown = JSON.stringify(answer);
      if (this.closed || shown === this.#shown) return; // most of what happens there is messages
      this.#shown = shown;
      this.#draw(answer);
    } catch (error) {
      if (!this.closed) ((this.#shown = ''), replace(this.body, trouble(errorText(error), words.again, () => this.load())));
    }
  }

  #command = (command, data) => this.#core.command(command, { conversation: this.#id, ...data });

  #draw({ members, can }) {
    const button = (label, style, click) => el('button', { type: 'button', class: ['btn', style], on: { click } }, label);
    this.draw(
      this.#alert,
      section(
        words.title(members.length),
        el(
          'div',
          { class: 'panel-buttons' },
          can.add && button(words.add, 'btn-primary', () => this.#add()),
          can.rename && button(words.rename, 'btn-outline-primary', () => this.#rename()),
        ),
        el('ul', { class: 'rows' }, members.toSorted(byRole).map((m) => this.#row(m, can))),
      ),
      can.leave && el('div', { class: 'panel-buttons' }, button(words.leave, 'btn-outline-danger', () => this.#leave())),
      !can.leave && isLastOwner(members) && el('p', { class: 'muted' }, words.lastOwner),
    );
  }

  #row(member, can) {
    const { account, name, role, you, verified, changed, blocked } = member;
    return el(
      'li',
      { class: 'row-item' },
      personAvatar(name, account),
      el(
        'div',
        { class: 'row-text' },
        el('p', { class: 'row-title' }, el('bdi', null, name), you && el('span', { class: 'tag' }, words.you), verified && verifiedMark(), changed && el('span', { class: 'tag tag-danger' }, words.changed), blocked && el('span', { class: 'tag tag-danger' }, strings.block.tag)),
        !(can.roles && !you) && el('p', { class: 'muted' }, words.roles[role] ?? role),
      ),
      el(
        'div',
        { class: 'row-buttons' },
        can.roles && !you && this.#roleBox(member),
        !you && el('a', { class: 'btn btn-link', href: aboutHref(this.#id, account), 'aria-label': words.numberOf(name) }, words.number),
        !you && blocked !== undefined && this.#blockButton(member),
        can.remove && !you &&
          el('button', { type: 'button', class: 'btn btn-link btn-link-danger', 'aria-label': words.removeLabel(name), on: { click: () => this.#remove(member) } }, words.remove),
      ),
    );
  }

  #blockButton(member) {
    const label = (member.blocked ? strings.block.unblock : strings.block.block)(member.name);
    const word = member.blocked ? words.unblock : words.block;
    return el('button', { type: 'button', class: 'btn btn-link btn-link-muted', 'aria-label': label, on: { click: () => this.#block(member) } }, word);
  }

  async #block(member) {
    this.#alert.textContent = '';
    try {
      if (await setBlocked(this.#core, member, !member.blocked)) await this.load();
    } catch (error) {
      this.#alert.textContent = errorText(error);
    }
  }

  #roleBox(member) {
    const { name, role } = member;
    const box = el(
      'select',
      { class: 'form-select role-box', 'aria-label': words.roleOf(name), on: { change: () => this.#choose(box, member) } },
      roles.map((r) => el('option', { value: r, selected: r === role }, words.roles[r])),
    );
    return box;
  }

  // The arrow keys choose what they pass over; an owner cannot be unmade by who made them one in passing.
  async #choose(box, { account, name, role }) {
    if (box.value !== 'owner') return this.#setRole(box, account, role);
    const done = await confirmThat(words.ownerDialog(name), () => this.#command('role', { account, role: 'owner' }));
    if (this.closed) return;
    if (done) await this.load();
    else box.value = role;
  }

  async #setRole(box, account, before) {
    box.disabled = true;
    this.#alert.textContent = '';
    try {
      await this.#command('role', { account, role: box.value });
      if (!this.closed) await this.load();
    } catch (error) {
      this.#alert.textContent = errorText(error);
      box.value = before;
    } finally {
      box.disabled = false;
    }
  }

  async #add() {
    const people = new PeopleField(() => {});
    const dialog = new DialogView({
      title: words.addDialog.title,
      content: [people.root, el('p', { class: 'muted' }, words.addDialog.text)],
      confirm: words.addDialog.confirm,
      cancel: words.addDialog.cancel,
      submit: async () => {
        if (people.names.length === 0) return people.error(strings.create.noPeople);
        dialog.busy(true, words.addDialog.working);
        try {
          await this.#command('add', { people: people.names });
          dialog.finish(true);
        } catch (error) {
          dialog.busy(false, words.addDialog.confirm);
          people.error(errorText(error));
        }
      },
    });
    const result = dialog.open();
    people.focus();
    if (await result) this.load();
  }

  async #rename() {
    const conversation = this.#store.conversation(this.#id);
    const name = new Field({ label: strings.create.name, attributes: { value: titleOf(conversation), autocomplete: 'off', maxlength: '100', dir: 'auto' } });
    const done = await askFor(words.renameDialog, name, (text) => {
      if (!text) throw Object.assign(new Error(words.noName), { code: 'named' });
      return this.#command('rename', { name: text });
    });
    if (done) this.load();
  }

  async #remove({ account, name }) {
    if (await confirmThat(words.removeDialog(name), () => this.#command('remove-member', { account }))) this.load();
  }

  async #leave() {
    const title = titleOf(this.#store.conversation(this.#id));
    if (await confirmThat(words.leaveDialog(title), () => this.#command('leave'))) go(listHref);
  }
}

/** The sign of somebody whose safety number was compared. */
export const verifiedMark = () => el('span', { class: 'verified-mark', title: words.verified }, icon('shield'), el('span', { class: 'visually-hidden' }, words.verified));

// Then nobody could change roles or remove anybody.
function isLastOwner(members) {
  const owners = members.filter((m) => m.role === 'owner');
  return members.length > 1 && owners.length === 1 && owners[0].you;
}

const byRole = (a, b) => roles.indexOf(a.role) - roles.indexOf(b.role) || a.name.localeCompare(b.name);
