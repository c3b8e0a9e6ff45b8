import { el } from '../dom.js';
import { listHref, passwordHref } from '../route.js';
import { strings } from '../strings.js';
import { AppearanceView } from './appearance.js';
import { BrowserCardView } from './browser-card.js';
import { DevicesView } from './devices.js';
import { FailuresView } from './failures.js';
import { PanelView, section } from './panel.js';
import { PasswordView } from './password.js';
import { ProtectionView } from './protection.js';
import { SafetyCardView } from './safety-card.js';

const words = strings.settings;

/** The account: what would happen if something got lost, who may come in and how, and what this browser keeps. */
export default class SettingsView extends PanelView {
  #password;

  constructor(core, store) {
    super({ title: words.title, back: listHref, backLabel: strings.conversation.back });
    const card = this.own(new SafetyCardView(core, store));
    const password = (this.#password = this.own(new PasswordView(core, store)));
    const devices = this.own(new DevicesView(core, store));
    const part = (view) => this.own(view).root;
    this.body.append(
      section(words.safety, card.root),
      section(strings.devices.title, el('p', { class: 'muted' }, strings.devices.intro), devices.root),
      section(strings.password.title, password.root),
      part(new ProtectionView(core, store)),
      section(strings.appearance.title, part(new AppearanceView(core, store))),
      section(strings.browser.title, part(new BrowserCardView())),
      part(new FailuresView(core)),
    );
  }

  opened() {
    if (location.hash === passwordHref) this.#password.focus();
    else super.opened();
  }
}
