import { create, element } from './elements.js';

/** @typedef {import('./problem-body.js').Problem} Problem */

/** Removes what `showProblem` added. @param {HTMLFormElement} form */
export function clearProblem(form) {
  element('problem').hidden = true;
  for (const note of form.querySelectorAll('.error')) note.remove();
  for (const input of form.querySelectorAll('[aria-invalid]')) {
    input.removeAttribute('aria-invalid');
    input.removeAttribute('aria-describedby');
  }
}

/**
 * Shows each error at the field that its pointer names, the others above the form, and focuses the first invalid field.
 * @param {HTMLFormElement} form its fields are named by JSON pointers
 * @param {Problem} problem
 */
export function showProblem(form, { title, detail, errors = [] }) {
  /** @type {HTMLInputElement | undefined} */
  let first;
  const others = [];
  for (const { pointer, detail } of errors) {
    const input = form.elements.namedItem(pointer);
    if (!(input instanceof HTMLInputElement)) {
      others.push(`${pointer} ${detail}`);
      continue;
    }
    first ??= input;
    showAt(input, detail);
  }
  const isAtFields = errors.length > 0 && others.length === 0;
  const words = isAtFields ? title : [title, ...(errors.length > 0 ? others : [detail])].join('. ');
  const box = element('problem');
  box.textContent = `${words.replace(/\.$/, '')}.`;
  box.hidden = false;
  first?.focus();
}

/**
 * @param {HTMLInputElement} input
 * @param {string} detail
 */
function showAt(input, detail) {
  if (input.getAttribute('aria-invalid') === 'true') return;
  const note = create('p', detail, 'error');
  note.id = `${input.id}-error`;
  input.setAttribute('aria-invalid', 'true');
  input.setAttribute('aria-describedby', note.id);
  input.after(note);
}
