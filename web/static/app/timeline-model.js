// The messages of one conversation that were loaded, and the window of them that has nodes on the
// page. The window is bounded, so a conversation of any length scrolls like a short one.

export const windowSize = 300;
export const windowStep = 100;

export class TimelineModel {
  messages = []; // by position
  more = true; // older ones are still to be fetched
  start = 0; // the window is messages[start:end]
  end = 0;

  get atNewest() {
    return this.end === this.messages.length;
  }

  get visible() {
    return this.messages.slice(this.start, this.end);
  }

  /** Takes new and changed messages. The window follows the end if it was there. */
  upsert(messages) {
    const followed = this.atNewest;
    const first = this.messages[this.start]?.id;
    const changed = new Map(messages.map((m) => [m.id, m]));
    const merged = this.messages.map((m) => {
      const next = changed.get(m.id);
      changed.delete(m.id);
      return next ?? m;
    });
    this.messages = [...merged, ...changed.values()].sort((a, b) => a.position - b.position);
    this.#place(first, followed);
  }

  remove(ids) {
    const followed = this.atNewest;
    const gone = new Set(ids);
    const first = this.messages.slice(this.start).find((m) => !gone.has(m.id))?.id;
    this.messages = this.messages.filter((m) => !gone.has(m.id));
    this.#place(first, followed);
  }

  /** Takes an answer to `open` or `older`. */
  load({ messages, more }) {
    this.upsert(messages);
    this.more = more;
  }

  // Keeps the window where it was, by its first message, or at the end.
  #place(first, followed) {
    if (followed) return this.showNewest();
    const at = this.messages.findIndex((m) => m.id === first);
    this.start = Math.max(0, at);
    this.end = Math.min(this.messages.length, this.start + windowSize);
  }

  showNewest() {
    this.end = this.messages.length;
    this.start = Math.max(0, this.end - windowSize);
  }

  /** Moves the window towards older messages; false when what is loaded ends there. */
  showOlder() {
    if (this.start === 0) return false;
    this.start = Math.max(0, this.start - windowStep);
    this.end = Math.min(this.end, this.start + windowSize);
    return true;
  }

  /** Moves the window towards newer messages; false when it is there. */
  showNewer() {
    if (this.atNewest) return false;
    this.end = Math.min(this.messages.length, this.end + windowStep);
    this.start = Math.max(this.start, this.end - windowSize);
    return true;
  }

  /** The first of the newest `n` messages that others wrote: where "new messages" begin. */
  firstUnread(n) {
    if (n <= 0) return null;
    const others = this.messages.filter(countsAsUnread);
    return others.at(-Math.min(n, others.length))?.id ?? null;
  }
}

export const countsAsUnread = (m) => !m.own && m.kind !== 'notice';
