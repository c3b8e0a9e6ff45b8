import { strings } from '../strings.js';
import { NoticeView } from './loading.js';

/** Says that another tab runs the core, and offers to take over. */
export const otherTabView = (takeOver) =>
  new NoticeView({
    title: strings.otherTab.title,
    text: strings.otherTab.hint,
    action: strings.otherTab.use,
    onAction(button) {
      button.disabled = true;
      button.textContent = strings.otherTab.moving;
      takeOver();
    },
  });
