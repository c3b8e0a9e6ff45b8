import { el } from '../dom.js';
import { go, settingsHref } from '../route.js';
import { strings } from '../strings.js';
import { PanelView } from './panel.js';
import { RecoveryView } from './recovery.js';

const words = strings.recovery;

/** A new recovery code for an account that is there. */
export default class CodeView extends PanelView {
  constructor(core, store) {
    super({ title: words.title, back: settingsHref, backLabel: strings.settings.back });
    const recovery = this.own(new RecoveryView(core, store.session.name, { done: () => go(settingsHref), skip: words.cancel }));
    this.body.append(store.session.recovery ? el('p', { class: 'muted' }, words.replaces) : '', recovery.root);
  }
}
