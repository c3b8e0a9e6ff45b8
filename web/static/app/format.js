// Times, counts and the little things made of names. Everything follows the browser's language.

const language = () => navigator.languages ?? navigator.language;
const formats = new Map();

function dateFormat(options) {
  const key = JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(language(), options));
  return formats.get(key);
}

/** A number that is the same for every instant of one day here. */
export function dayOf(ms) {
  const date = new Date(ms);
  return date.getFullYear() * 10000 + date.getMonth() * 100 + date.getDate();
}

const daysAgo = (ms, now) => {
  const midnight = (t) => new Date(t).setHours(0, 0, 0, 0);
  return Math.round((midnight(now) - midnight(ms)) / 86_400_000);
};

export const clockTime = (ms) => dateFormat({ hour: 'numeric', minute: '2-digit' }).format(ms);
export const fullTime = (ms) => dateFormat({ dateStyle: 'full', timeStyle: 'short' }).format(ms);

/** "Today", "Yesterday", "Monday", "3 March" or "3 March 2024". */
export function dayName(ms, now = Date.now()) {
  const ago = daysAgo(ms, now);
  if (ago === 0 || ago === 1) {
    const word = new Intl.RelativeTimeFormat(language(), { numeric: 'auto' }).format(-ago, 'day');
    return word.charAt(0).toLocaleUpperCase() + word.slice(1);
  }
  if (ago > 1 && ago < 7) return dateFormat({ weekday: 'long' }).format(ms);
  const sameYear = new Date(ms).getFullYear() === new Date(now).getFullYear();
  return dateFormat(sameYear ? { day: 'numeric', month: 'long' } : { dateStyle: 'long' }).format(ms);
}

/** A time within a sentence: "today 14:02", "Monday 14:02", "3 March 14:02". */
export function momentName(ms, now = Date.now()) {
  const day = dayName(ms, now);
  const near = daysAgo(ms, now) <= 1; // a word of the language, not a name: it begins small
  return `${near ? day.charAt(0).toLocaleLowerCase() + day.slice(1) : day} ${clockTime(ms)}`;
}

/** A time as short as the list needs it. */
export function shortTime(ms, now = Date.now()) {
  const ago = daysAgo(ms, now);
  if (ago <= 0) return clockTime(ms);
  if (ago < 7) return dateFormat({ weekday: 'short' }).format(ms);
  return dateFormat({ day: 'numeric', month: 'short' }).format(ms);
}

const spans = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];

/** How long something still takes, in one unit and rounded up: "4 min", or "4 minutes" when `long`. */
export function span(ms, long = false) {
  const [unit, size] = spans.find(([, s]) => ms >= s) ?? spans.at(-1);
  const options = { style: 'unit', unit, unitDisplay: long ? 'long' : 'short' };
  return new Intl.NumberFormat(language(), options).format(Math.ceil(Math.max(ms, 1) / size));
}

/** The letter in a person's circle. */
export const initial = (name) => [...name][0]?.toLocaleUpperCase() ?? '?';

/** A hue between 0 and 359 that stays with an id. */
export function hueOf(id) {
  let hash = 2166136261; // FNV-1a, then its bits mixed, so that similar ids get different colours
  for (const c of id) hash = Math.imul(hash ^ c.codePointAt(0), 16777619);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return ((hash ^ (hash >>> 12)) >>> 0) % 360;
}

export const longDate = (ms) => dateFormat({ dateStyle: 'long' }).format(ms);
export const number = (n) => new Intl.NumberFormat(language()).format(n);

/** A number of bytes as people say it: "12 MB". */
export function byteSize(bytes) {
  const [unit, size] = [['gigabyte', 1e9], ['megabyte', 1e6], ['kilobyte', 1e3]].find(([, s]) => bytes >= s) ?? ['kilobyte', 1e3];
  return new Intl.NumberFormat(language(), { style: 'unit', unit, maximumSignificantDigits: 2 }).format(bytes / size);
}

/** UTF-8 bytes of a text, which is what the limit of a message counts. */
export const byteLength = (text) => new TextEncoder().encode(text).length;
