// Where the person is, in the part of the address that no server sees: #/ is the list, #/c/<id> a
// conversation.

/** The id of the conversation in the address, or null. */
export function currentConversation() {
  const match = /^#\/c\/([0-9A-Za-z_-]{1,64})$/.exec(location.hash);
  return match ? match[1] : null;
}

export const conversationHref = (id) => `#/c/${id}`;
export const listHref = '#/';

export function go(href) {
  if (location.hash !== href) location.hash = href;
}
