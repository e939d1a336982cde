import { element, setText } from './elements.js';

/** @typedef {import('./session.js').Principal} Principal */

const dayAndTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** Shows who is signed in, and until when. @param {Principal | undefined} principal */
export function showIdentity(principal) {
  element('identity').hidden = principal?.authentication !== true;
  if (principal === undefined) return;
  const { name, customerId, merchantId, expiresAt } = principal;
  setText('who', name);
  const parts = [
    ...(customerId === undefined ? [] : [`customer ${customerId}`]),
    ...(merchantId === undefined ? [] : [`merchant ${merchantId}`]),
    ...(expiresAt === null ? [] : [`until ${dayAndTime.format(new Date(expiresAt))}`]),
  ];
  setText('identity-details', parts.join(', '));
}

/**
 * A sentence above the page, with a button to sign in if that helps.
 * @param {string} text empty: none
 * @param {string} [button]
 */
export function showNotice(text, button = '') {
  setText('notice-text', text);
  setText('notice-button', button);
  element('notice').hidden = text === '';
  element('notice-button').hidden = button === '';
}
