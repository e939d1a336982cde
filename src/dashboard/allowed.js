/** @typedef {import('./session.js').Principal} Principal */

/** Scopes of operations that only callers may use whose access is all orders. */
const OPERATOR_SCOPES = new Set(['stats:read', 'dead-letters:read', 'dead-letters:write']);

/** @param {Principal} principal @param {string} scope */
export function may({ scopes, customerId, merchantId }, scope) {
  const mayUseAll = customerId === undefined && merchantId === undefined;
  return scopes.includes(scope) && (mayUseAll || !OPERATOR_SCOPES.has(scope));
}

/** @param {Principal} principal @param {string} status requested for an order of the caller */
export function mayRequest(principal, status) {
  return (
    may(principal, 'orders:transition') && (principal.customerId === undefined || status === 'cancelled')
  );
}

/**
 * Shows the parts of the page that the caller may use: those without `data-scope`, and those whose scope the caller has.
 * Hides links that need credentials while authentication is on, because a link sends none, and those to the documentation if
 * the service does not serve it.
 * @param {Principal | undefined} principal undefined: no one is signed in
 */
export function showAllowed(principal) {
  for (const part of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-scope]'))) {
    const isLink = part.hasAttribute('data-link');
    const isAllowed = principal !== undefined && may(principal, part.dataset.scope ?? '');
    part.hidden = !isAllowed || (isLink && principal.authentication);
  }
  for (const part of /** @type {NodeListOf<HTMLElement>} */ (
    document.querySelectorAll('[data-documentation]')
  )) {
    part.hidden = principal?.documentation !== true;
  }
}

/** @param {Principal} principal @returns {string} what the caller lacks to see anything; empty if there is something to see */
export function missing(principal) {
  if (
    ['orders:create', 'orders:read', 'stats:read', 'dead-letters:read'].some((scope) => may(principal, scope))
  )
    return '';
  return (
    'Your credentials show nothing here. This page needs at least one of the scopes orders:create, orders:read and, ' +
    'for callers who may use all orders, stats:read and dead-letters:read. Sign in with a token or key that has one.'
  );
}
