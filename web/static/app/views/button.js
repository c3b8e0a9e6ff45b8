import { el } from '../dom.js';
import { icon } from '../icons.js';

/** A button that shows only a drawing; its name is its tooltip as well. */
export const iconButton = (name, label, style, click) =>
  el('button', { type: 'button', class: ['btn', style], 'aria-label': label, title: label, on: { click } }, icon(name));
