import { el } from '../dom.js';
import { longDate } from '../format.js';
import { frond } from '../icons.js';
import { groupsOf } from '../recovery-code.js';
import { strings } from '../strings.js';

const words = strings.recovery;

/** The page that is printed in place of the screen: the code, whose it is, and what it is for. */
export const recoverySheet = (name, code) =>
  el(
    'section',
    { class: 'sheet', 'aria-hidden': 'true' },
    el('p', { class: 'sheet-mark' }, frond(), strings.app),
    el('h1', null, words.sheet.title),
    el('ol', { class: 'sheet-code' }, groupsOf(code).map((group) => el('li', null, group))),
    el('dl', null, facts(name).map(([term, value]) => [el('dt', null, term), el('dd', null, value)])),
    words.sheet.lines.map((line) => el('p', null, line)),
  );

const facts = (name) => [
  [words.sheet.server, location.origin],
  [words.sheet.name, name],
  [words.sheet.made, longDate(Date.now())],
];

/** Saves the same page as a text file. */
export function saveSheet(name, code) {
  const lines = [words.sheet.title, '', code, '', ...facts(name).map(([term, value]) => `${term}: ${value}`), '', ...words.sheet.lines, ''];
  const url = URL.createObjectURL(new Blob([lines.join('\r\n')], { type: 'text/plain' }));
  const link = el('a', { href: url, download: `frond-recovery-${name}.txt`, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // the browser reads it in its own time
}
