// Where the person is, in the part of the address that no server sees:
//
//	#/                   the list
//	#/c/<id>             a conversation
//	#/c/<id>/about       the people in it, and whether they are who they seem
//	#/c/<id>/about/<account>  one of them
//	#/contact/<account>  somebody with whom there is no conversation
//	#/settings           the account
//	#/settings/password  the same, at the password
//	#/settings/code      a new recovery code
//	#reset=<name>:<token>  an administrator's link to start an account over; never stays in the address

const pages = [
  [/^#\/c\/([0-9A-Za-z_-]{1,64})$/, 'conversation'],
  [/^#\/c\/([0-9A-Za-z_-]{1,64})\/about$/, 'about'],
  [/^#\/c\/([0-9A-Za-z_-]{1,64})\/about\/([0-9A-Za-z_-]{1,64})$/, 'person'],
  [/^#\/contact\/()([0-9A-Za-z_-]{1,64})$/, 'contact'], // of no conversation
  [/^#\/settings$/, 'settings'],
  [/^#\/settings\/password$/, 'password'],
  [/^#\/settings\/code$/, 'code'],
];

/** What the address names: {page, id?, account?}. An address that names nothing is the list. */
export function currentPage() {
  for (const [pattern, page] of pages) {
    const match = pattern.exec(location.hash);
    if (match) return { page, id: match[1], account: match[2] };
  }
  return { page: 'list' };
}

/** The id of the conversation in the address, or null. */
export const currentConversation = () => currentPage().id ?? null;

const resetPattern = /^#reset=([^:]{1,100}):([0-9A-Za-z_-]{1,200})$/;

/** Takes a link for starting over out of the address, where it would be remembered: {name, token} or null. */
export function takeResetLink() {
  const match = resetPattern.exec(location.hash);
  if (!match) return null;
  history.replaceState(null, '', listHref);
  try {
    return { name: decodeURIComponent(match[1]), token: match[2] };
  } catch {
    return null; // not a name
  }
}

export const conversationHref = (id) => `#/c/${id}`;
export const aboutHref = (id, account) => `#/c/${id}/about${account ? `/${account}` : ''}`;
export const contactHref = (account) => `#/contact/${account}`;
export const listHref = '#/';
export const settingsHref = '#/settings';
export const passwordHref = '#/settings/password';
export const codeHref = '#/settings/code';

/** Goes to a page. Who is there already arrives once more, and is shown what they came for. */
export function go(href) {
  if (location.hash === href) arrive();
  else location.hash = href;
}

/** Goes to a page in place of one that is gone: no way leads back there. */
export function goInstead(href) {
  history.replaceState(null, '', href);
  arrive();
}

const arrive = () => dispatchEvent(new HashChangeEvent('hashchange'));
