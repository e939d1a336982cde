/** @typedef {string | boolean | undefined | ((event: Event) => void)} Attribute */

/**
 * Makes an element. Data becomes text and attributes, never markup.
 * @param {string} name
 * @param {Record<string, Attribute>} [attributes] true: present; false and undefined: absent; a function listens for the event of that name
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export function h(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === 'function') made.addEventListener(key, value);
    else if (value === true) made.setAttribute(key, '');
    else if (typeof value === 'string') made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

/**
 * A heading with what belongs to it.
 * @param {string} id of the section; its heading is named after it
 * @param {string} title
 * @param {...(Node | string)} children
 */
export function panel(id, title, ...children) {
  const heading = h('h3', { id: `${id}-title` }, title);
  return h(
    'section',
    { class: 'panel', id, 'data-key': id, 'aria-labelledby': heading.id },
    heading,
    ...children,
  );
}
