/**
 * An element of the page by its id.
 * @param {string} id
 * @returns {HTMLElement}
 * @throws {Error} where the page has none: page and program do not fit
 */
export function element(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`The page has no #${id}.`);
  return found;
}

/**
 * Sets a text, where it is another than before: what does not change is not laid out anew.
 * @param {string} id
 * @param {string} text
 */
export function setText(id, text) {
  const found = element(id);
  if (found.textContent !== text) found.textContent = text;
}

/**
 * @param {string} name
 * @param {string} [text]
 * @param {string} [className]
 * @returns {HTMLElement}
 */
export function create(name, text = '', className = '') {
  const made = document.createElement(name);
  made.textContent = text;
  if (className !== '') made.className = className;
  return made;
}
