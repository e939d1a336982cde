import { duration } from './format.js';

/** @typedef {import('./problem-body.js').Problem} Problem */

/**
 * What a refused or failed request means, in plain words, and what to do.
 * @param {Problem} problem without a status if nothing answered
 * @param {number | undefined} waitMs until the page tries again; undefined: it does not
 * @returns {string}
 */
export function explain({ status, detail, requestId }, waitMs) {
  const again =
    waitMs === undefined ? '' : ` The page tries again in ${duration(Math.ceil(waitMs / 1000) * 1000)}.`;
  const id = requestId === undefined ? '' : ` Request ${requestId}.`;
  switch (status) {
    case undefined:
      return `${offline()}${again}`;
    case 401:
      return 'Your token or key is missing, wrong or expired. Sign in again.';
    case 403:
      return `Your token or key does not allow this: ${lowerFirst(detail)} Sign in with one that does.`;
    case 404:
      return detail;
    case 429:
      return `You send more requests than the service allows you. Wait a moment; close other tabs of this page.${again}`;
    case 503:
      return `The service cannot answer now: ${lowerFirst(detail)} Nothing is lost.${again}`;
    default:
      return `${detail}${status >= 500 ? `${id}${again}` : ''}`;
  }
}

function offline() {
  if (!navigator.onLine) return 'This machine is offline. Check its network.';
  return 'The service does not answer. Check that it runs and that your network or VPN reaches it.';
}

/** @param {string} text a sentence */
function lowerFirst(text) {
  return /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}
