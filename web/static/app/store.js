// What the page knows, mirrored from the core's events. Views read it and listen by topic:
// `session`, `connection`, `conversations`, `timeline`, `restore`, `device-news`, `removing`, `draft`,
// `settings`, `approval`, `approval-request`, `account-reset`, `reset-begun`,
// `fault`.

export class Store {
  session = { state: 'starting' };
  connection = { state: 'connecting' };
  conversations = []; // in the order of the list
  listed = false; // whether the core has told the list
  restore = null; // how far the history of this account has come back, while it does
  removing = 0; // conversations of which a removed device is still to be taken out
  news = []; // what happened to the account's devices and was not answered yet
  requests = []; // devices that ask to be let in and were not answered yet
  resetFrom = 0; // ms from which on somebody may start this account over, unless the person says no
  settings = {}; // what follows the person to every device, by name
  drafts = new Map(); // conversation -> text, in memory only: the core keeps it sealed
  #faults = []; // that came before there was anybody to show them
  #listeners = new Map();

  /** Calls `listener(data)` on every event of a topic; returns what ends that. */
  on(topic, listener) {
    const set = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, set.add(listener));
    return () => set.delete(listener);
  }

  #emit(topic, data) {
    for (const listener of [...(this.#listeners.get(topic) ?? [])]) listener(data);
  }

  conversation(id) {
    return this.conversations.find((c) => c.id === id);
  }

  get unread() {
    return this.conversations.reduce((sum, c) => sum + c.unread, 0);
  }

  /** Takes one event of the core. Unknown ones are left alone: a newer core may have more. */
  apply(event, data) {
    switch (event) {
      case 'session':
        return this.#setSession(data);
      case 'connection':
        this.connection = data;
        return this.#emit('connection', data);
      case 'conversations':
        this.conversations = data.conversations ?? [];
        this.listed = true;
        return this.#emit('conversations');
      case 'conversation':
        this.#replaceConversation(data.conversation ?? data);
        return this.#emit('conversations');
      case 'restore':
        this.restore = data.finished ? null : data;
        return this.#emit(event, data);
      case 'device-news':
        this.news = [...this.news.filter((n) => n.id !== data.id), data];
        return this.#emit(event, data);
      case 'removing':
        this.removing = data.left;
        return this.#emit(event, data);
      case 'draft':
        this.keepDraft(data.conversation, data.text);
        return this.#emit(event, data);
      case 'settings':
        this.settings = data.settings ?? {};
        return this.#emit(event, data);
      case 'approval-request':
        this.requests = this.requests.filter((r) => r.id !== data.id).concat(data.over ? [] : data);
        return this.#emit(event, data);
      case 'reset-begun':
        this.resetFrom = data.at;
        return this.#emit(event, data);
      case 'fault':
        if (!this.#listeners.get(event)?.size) this.#faults.push(data);
        return this.#emit(event, data);
      case 'approval':
      case 'account-reset':
      case 'timeline':
        return this.#emit(event, data);
    }
  }

  #setSession(session) {
    if (session.state !== 'signed-in' || session.account !== this.session.account) {
      if (this.session.account) this.#forget();
    }
    this.session = session;
    this.#emit('session', session);
  }

  /** Remembers what is written in a conversation and not sent. */
  keepDraft(conversation, text) {
    if (text) this.drafts.set(conversation, text);
    else this.drafts.delete(conversation);
  }

  /** Faults that nobody has shown yet. */
  takeFaults() {
    return this.#faults.splice(0);
  }

  /** The person has answered the news about a device. */
  answered(id) {
    this.news = this.news.filter((n) => n.id !== id);
    this.#emit('device-news');
  }

  /** The person has answered a device that asked to be let in. */
  settled(id) {
    this.requests = this.requests.filter((r) => r.id !== id);
    this.#emit('approval-request');
  }

  #forget() {
    this.conversations = [];
    this.restore = null;
    this.news = [];
    this.removing = 0;
    this.requests = [];
    this.resetFrom = 0;
    this.settings = {};
    this.listed = false;
    this.#faults = [];
    this.drafts.clear();
  }

  // A conversation moves to the top when something newer was said in it, and when it is new.
  #replaceConversation(next) {
    const at = this.conversations.findIndex((c) => c.id === next.id);
    const moved = at < 0 || (next.last?.at ?? 0) > (this.conversations[at].last?.at ?? 0);
    if (!moved) {
      this.conversations = this.conversations.with(at, next);
      return;
    }
    this.conversations = [next, ...this.conversations.filter((c) => c.id !== next.id)];
  }
}
