// A recovery code as the page handles it: groups of characters, for reading and typing back. Whether
// a code is right is for the core to say.

/** The groups of a code. */
export const groupsOf = (code) => code.split(/[\s-]+/).filter(Boolean);

// Letters that look like digits count as those, and case does not count.
const plain = (text) => text.toUpperCase().replace(/[^0-9A-Z]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1');

/** Whether what somebody typed is this group. */
export const sameGroup = (typed, group) => plain(typed) === plain(group);

/** `n` different places of a list, in order: nobody is to know beforehand which groups are asked. */
export function somePlaces(length, n) {
  const places = [...Array(length).keys()];
  while (places.length > n) places.splice(crypto.getRandomValues(new Uint32Array(1))[0] % places.length, 1);
  return places;
}
