// The only place where the page makes nodes. Text becomes text nodes; nothing here parses markup, so
// no string that somebody wrote can become anything but text.

const svgNamespace = 'http://www.w3.org/2000/svg';

/**
 * Makes an element. Attributes: `on` holds listeners by event name, `class` may be a list with falsy
 * entries, true gives an empty attribute, false, null and undefined give none. Children: nodes,
 * strings, numbers, nested lists; null, undefined and false are left out.
 */
export const el = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);

/** Makes an SVG element, in the same way. */
export const svg = (tag, attributes, ...children) =>
  fill(document.createElementNS(svgNamespace, tag), attributes, children);

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) setAttribute(node, name, value);
  append(node, children);
  return node;
}

function setAttribute(node, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name === 'on') {
    for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
  } else if (name === 'class') {
    node.setAttribute('class', [value].flat().filter(Boolean).join(' '));
  } else {
    node.setAttribute(name, value === true ? '' : value);
  }
}

/** Appends children to a node. */
export function append(node, children) {
  for (const child of [children].flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : String(child));
  }
  return node;
}

/** Replaces everything in a node. */
export function replace(node, ...children) {
  node.replaceChildren();
  return append(node, children);
}

/** Makes the children of `parent` exactly `wanted`, in order, and moves as little as possible. */
export function reconcile(parent, wanted) {
  const keep = new Set(wanted);
  for (const child of [...parent.childNodes]) if (!keep.has(child)) child.remove();
  let at = parent.firstChild;
  for (const node of wanted) {
    if (node === at) at = at.nextSibling;
    else parent.insertBefore(node, at);
  }
}

let counter = 0;

/** A fresh id, to tie a label or a description to an element. */
export const uniqueId = (stem) => `${stem}-${++counter}`;

/**
 * A view owns a root element and whatever must end with it. Subclasses set `root` and give
 * everything that needs undoing to `own`.
 */
export class View {
  #owned = [];
  closed = false;

  /** Takes a function to call on close, or another view to close. */
  own(thing) {
    this.#owned.push(typeof thing === 'function' ? thing : () => thing.close());
    return thing;
  }

  /** Listens until the view is closed. */
  listen(target, event, listener, options) {
    target.addEventListener(event, listener, options);
    this.own(() => target.removeEventListener(event, listener, options));
  }

  close() {
    if (this.closed) return;
    this.closed = true;
    for (const undo of this.#owned.reverse()) undo();
    this.root?.remove();
  }
}
