// Every word the page says. To translate Frond, translate this file.

const plural = (n, one, many) => (new Intl.PluralRules('en').select(n) === 'one' ? one : many);
const list = (names) => new Intl.ListFormat('en', { type: 'conjunction' }).format(names);

export const strings = {
  app: 'Frond',
  tagline: 'Your team’s messages, sealed end to end.',
  title: (unread) => (unread > 0 ? `(${unread}) Frond` : 'Frond'),

  loading: {
    core: 'Loading Frond…',
    percent: (n) => `${n} %`,
    starting: 'Opening your messages…',
    crashed: 'Frond has stopped',
    crashedHint: 'Something went wrong inside this page. Nothing that was sent is lost. Load the page again to go on.',
    notStarted: 'Frond cannot start',
    notStartedHint: 'The download was cut off, or the browser refuses to keep data for this address, as some private windows do.',
    reload: 'Load again',
    unsupported: 'Frond cannot run here',
    unsupportedHint: 'This address is not secure, so the browser withholds what Frond needs to seal messages. Open Frond at its https address, or on this machine at http://localhost.',
  },

  otherTab: {
    title: 'Frond is open in another tab',
    hint: 'Only one tab at a time may use the keys kept in this browser. Go on in the other tab, or move Frond to this one.',
    use: 'Use Frond here',
    moving: 'Moving…',
  },

  sign: {
    heading: 'Welcome',
    intro: 'Sign in, or create an account. All you need is a name and a password.',
    name: 'User name',
    nameHint: 'Letters a to z, digits, dots, hyphens and underscores.',
    password: 'Password',
    show: 'Show',
    hide: 'Hide',
    invite: 'Invite code',
    inviteHint: 'Only for a new account. Ask whoever runs this server for one.',
    signIn: 'Sign in',
    signUp: 'Create account',
    newHere: 'New here?',
    closed: 'This server takes no new accounts at present.',
    forget: 'Keep the password safe. It never leaves this browser, so nobody can reset it for you.',
    deriving: 'Deriving keys…',
    derivingLong: 'Still deriving keys. This is slow on purpose: it is what makes the password hard to guess.',
    lockedOut: 'This browser was signed out, because the account was opened in another one or its session ended.',
    noName: 'Enter a user name.',
    noPassword: 'Enter a password.',
    noInvite: 'Enter the invite code you were given.',
    strength: {
      short: 'A new account needs at least 8 characters.',
      fair: 'Fair. Longer is better: four random words make a good one.',
      good: 'Good length.',
      strong: 'Strong length.',
    },
    points: [
      'Sealed in your browser. The server keeps only what it cannot open.',
      'Private talks, groups, and one place for everyone.',
      'Yours: it runs where your team runs it.',
    ],
  },

  list: {
    landmark: 'Conversations',
    create: 'New conversation',
    signOut: 'Sign out',
    everyone: 'Everyone',
    hint: 'Everyone on this server reads Everyone. To write to one person or a few, begin a conversation with the pen above: you need only their user names.',
    unread: (n) => plural(n, `${n} unread message`, `${n} unread messages`),
    preview: (name, text) => `${name}: ${text}`,
    own: (text) => `You: ${text}`,
    noMessages: 'No messages yet',
    joining: 'Joining…',
    signedInAs: (name) => `Signed in as ${name}`,
  },

  conversation: {
    none: 'Pick up a conversation',
    noneHint: 'Choose one from the list. To reach somebody new, begin a conversation with their user name.',
    missing: 'This conversation is not here',
    missingHint: 'It may still be on its way, or it belongs to another account.',
    back: 'Back to the list',
    direct: 'Private, sealed end to end',
    everyone: 'Open to every account on this server',
    people: (names) => list(names),
    count: (n) => plural(n, `${n} person`, `${n} people`),
  },

  timeline: {
    label: 'Messages',
    loading: 'Fetching messages…',
    beginning: 'This is the beginning.',
    emptyDirect: (name) => `Say hello to ${name}`,
    emptyGroup: (name) => `Say the first word in ${name}`,
    emptyHint: 'What you write is sealed in your browser before it leaves. Only the people in this conversation can open it.',
    newMessages: 'New messages',
    newest: (n) => (n > 0 ? plural(n, `${n} new message`, `${n} new messages`) : 'Go to the newest message'),
    failedToLoad: 'These messages could not be loaded.',
    again: 'Try again',
    showAll: 'Show all of it',
    states: {
      pending: 'Waiting to be sent',
      sent: 'Sent',
      failed: 'Not sent',
    },
    retry: 'Retry',
    discard: 'Discard',
    unreadable: 'This message cannot be opened.',
  },

  composer: {
    message: 'Message',
    placeholder: (title) => `Write to ${title}`,
    send: 'Send',
    empty: 'Write something first.',
    near: (percent) => `${percent} % of the longest message`,
    tooLong: 'This is too long for one message. Shorten it or send it in parts.',
    joining: 'You are joining this conversation. You can write in a moment.',
    closed: 'You cannot write in this conversation.',
    askAgain: (name, time) => `${name}, your message of ${time} could not be opened here. Please send it again.`,
  },

  create: {
    title: 'New conversation',
    people: 'People',
    peopleHint: 'User names, with commas between them.',
    remove: (name) => `Remove ${name}`,
    name: 'Name',
    nameHint: 'Give it a name to make it a group.',
    nameHintGroup: 'What the group is called.',
    start: 'Start',
    starting: 'Sealing…',
    cancel: 'Cancel',
    noPeople: 'Enter at least one user name.',
    direct: (name) => `A private conversation with ${name}.`,
    group: (names) => `A group with ${list(names)}.`,
    everyone: 'To reach all of the server at once, use Everyone in the list.',
  },

  signOut: {
    title: 'Sign out of this browser?',
    text: 'Until you sign in again, nothing is received here.',
    clear: 'Clear this browser too',
    clearHint: 'Deletes the keys and messages kept here. Choose this on a computer that is not yours. Older messages may not come back when you sign in again.',
    confirm: 'Sign out',
    cancel: 'Stay',
    working: 'Signing out…',
  },

  connection: {
    offline: 'Offline. What you write waits here and is sent when the server is back.',
    connecting: 'Connecting…',
    retryIn: (s) => `Next try in ${s} s.`,
    retry: 'Connect now',
    online: 'Connected',
  },

  fault: {
    dismiss: 'Dismiss',
    region: 'Notices',
  },

  actions: {
    reload: 'Load again',
    reconnect: 'Connect now',
    'ask-again': 'Ask for it again',
  },

  errors: {
    'bad-request': 'The server did not understand this. Load the page again.',
    'too-large': 'This is too large.',
    version: 'Frond was updated. Load the page again.',
    unauthenticated: 'Your session has ended. Sign in again.',
    'wrong-password': 'The user name or the password is not right.',
    forbidden: 'You may not do this.',
    'not-found': 'This is not there.',
    'name-invalid': 'A user name has 2 to 32 letters a to z, digits, dots, hyphens or underscores.',
    'name-taken': 'This name is taken. If it is yours, sign in.',
    registration: 'This server takes no new account with this invite code.',
    limit: 'This server allows no more of these.',
    'rate-limited': 'Too many tries. Wait a moment and try again.',
    unavailable: 'The server is not answering right now. Try again in a moment.',
    internal: 'The server made a mistake. Try again in a moment.',
    offline: 'The server cannot be reached. Check your connection and try again.',
    storage: 'The browser could not store this. Free some space, or leave private browsing.',
    'weak-password': 'This password is too short. Choose at least 8 characters, better four random words.',
    'not-signed-in': 'You are not signed in.',
    'taken-over': 'Frond is open in another tab.',
    'unknown-person': 'There is nobody with this user name.',
    empty: 'Write something first.',
    stopped: 'Frond has stopped. Load the page again.',
    other: 'That did not work. Try again.',
  },
};

// A refusal that names its own cause is told in the words of whoever refused; the rest in ours.
const ownWords = new Set(['unknown-person', 'name-invalid', 'limit', 'registration', 'too-large']);

/** The sentence for an error of a command. */
export function errorText({ code, message }) {
  if (ownWords.has(code) && message) return sentence(message);
  return strings.errors[code] ?? (message ? sentence(message) : strings.errors.other);
}

const sentence = (text) => {
  const begun = text.charAt(0).toLocaleUpperCase() + text.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
};
