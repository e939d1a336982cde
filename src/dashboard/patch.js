/** Their state belongs to the reader. */
const KEPT_ATTRIBUTES = new Set(['open']);
const KEPT_ELEMENTS = new Set(['INPUT', 'SELECT', 'TEXTAREA']);

/**
 * Makes the children of an element equal to the given nodes and touches only what differs, so that a refresh keeps the
 * focus, the selected text and what is unfolded. Elements with the same `data-key` are the same. An element that is kept
 * keeps its listeners: they may depend on its key only.
 * @param {Element} parent
 * @param {readonly Node[]} nodes
 */
export function patch(parent, nodes) {
  const wanted = new Set(nodes.map(keyOf));
  /** @type {Map<string, ChildNode>} */
  const keyed = new Map();
  for (const child of [...parent.childNodes]) {
    const key = keyOf(child);
    if (key === undefined) continue;
    if (wanted.has(key)) keyed.set(key, child);
    else child.remove();
  }
  let next = parent.firstChild;
  for (const node of nodes) {
    const key = keyOf(node);
    const old = key === undefined ? next : keyed.get(key);
    if (!old || old.nodeName !== node.nodeName || keyOf(old) !== key) {
      parent.insertBefore(node, next);
      continue;
    }
    if (old === next) next = next.nextSibling;
    else parent.insertBefore(old, next);
    update(old, node);
  }
  while (next !== null) {
    const after = next.nextSibling;
    next.remove();
    next = after;
  }
}

/** @param {Node} node */
function keyOf(node) {
  return node instanceof HTMLElement ? node.dataset.key : undefined;
}

/**
 * @param {Node} old
 * @param {Node} node of the same name
 */
function update(old, node) {
  if (!(old instanceof Element) || !(node instanceof Element)) {
    if (old.nodeValue !== node.nodeValue) old.nodeValue = node.nodeValue;
    return;
  }
  if (KEPT_ELEMENTS.has(old.nodeName)) return;
  for (const name of old.getAttributeNames()) {
    if (!node.hasAttribute(name) && !KEPT_ATTRIBUTES.has(name)) old.removeAttribute(name);
  }
  for (const name of node.getAttributeNames()) {
    const value = node.getAttribute(name) ?? '';
    if (old.getAttribute(name) !== value && !KEPT_ATTRIBUTES.has(name)) old.setAttribute(name, value);
  }
  patch(old, [...node.childNodes]);
}
