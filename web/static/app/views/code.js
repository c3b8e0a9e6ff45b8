import { el } from '../dom.js';
import { go, listHref, settingsHref } from '../route.js';
import { strings } from '../strings.js';
import { PanelView } from './panel.js';
import { RecoveryView } from './recovery.js';

const words = strings.recovery;

/** A new recovery code: for an account that was just made, or later from the settings. */
export default class CodeView extends PanelView {
  constructor(core, store) {
    const home = store.newAccount ? listHref : settingsHref;
    super({ title: words.title, back: home, backLabel: strings.settings.back });
    const skip = store.newAccount ? words.skip : words.cancel;
    store.newAccount = false;
    const recovery = this.own(new RecoveryView(core, store.session.name, { done: () => go(home), skip }));
    this.body.append(store.session.recovery ? el('p', { class: 'muted' }, words.replaces) : '', recovery.root);
  }
}
