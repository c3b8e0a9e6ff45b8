import { el } from '../dom.js';
import { listHref } from '../route.js';
import { strings } from '../strings.js';
import { DevicesView } from './devices.js';
import { PanelView, section } from './panel.js';
import { PasswordView } from './password.js';
import { SafetyCardView } from './safety-card.js';

const words = strings.settings;

/** The account: what would happen if something got lost, the password, and the devices. */
export default class SettingsView extends PanelView {
  constructor(core, store) {
    super({ title: words.title, back: listHref, backLabel: strings.conversation.back });
    const card = this.own(new SafetyCardView(core, store));
    const password = this.own(new PasswordView(core, store));
    const devices = this.own(new DevicesView(core, store));
    this.body.append(
      section(words.safety, card.root),
      section(strings.devices.title, el('p', { class: 'muted' }, strings.devices.intro), devices.root),
      section(strings.password.title, password.root),
    );
  }
}
