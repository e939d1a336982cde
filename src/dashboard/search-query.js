/** @typedef {{customerId?: string, merchantId?: string, status?: string, createdAfter?: string, createdBefore?: string}} Filters of GET /v1/orders */

/**
 * @typedef {object} Search what the search box understood
 * @property {string} [orderId] opens this order
 * @property {Filters} [filters] lists orders
 * @property {string} explanation in plain words; a problem if it has neither of the above
 * @property {string} [alternative] another query that the reader may have meant
 */

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const IDENTIFIER = /^[A-Za-z0-9._:-]{1,64}$/;
const STATUSES = new Set([
  ...['accepted', 'confirmed', 'preparing', 'dispatched', 'delivered', 'cancelled', 'rejected', 'failed'],
]);

/** @type {Record<string, string>} */
const PREFIXES = {
  order: 'order',
  o: 'order',
  customer: 'customer',
  c: 'customer',
  merchant: 'merchant',
  m: 'merchant',
  status: 'status',
  s: 'status',
  after: 'after',
  before: 'before',
};

/**
 * Understands `ID`, `order:ID`, `customer:ID`, `merchant:ID`, `status:failed`, `after:DATE` and `before:DATE`, with a first letter
 * for the longer ones, and several of them at once. An id without a prefix is an order if it is a UUID, else a customer.
 * @param {string} text
 * @returns {Search}
 */
export function parseSearch(text) {
  const terms = text.trim().split(/\s+/).filter(Boolean);
  if (terms.length === 0) return { explanation: '' };
  /** @type {Filters} */
  const filters = {};
  const words = [];
  let alternative;
  for (const term of terms) {
    const { field, value, isBare } = termOf(term);
    if (value === '') return { explanation: `Type a value after “${term}”.` };
    if (field === 'order') {
      if (!UUID.test(value)) return { explanation: `“${value}” is no order id. Type the whole id, a UUID.` };
      return { orderId: value.toLowerCase(), explanation: `Order ${value}.` };
    }
    const problem = take(filters, field, value);
    if (problem !== undefined) return { explanation: problem };
    words.push(`${field} ${value}`);
    if (isBare && terms.length === 1) alternative = `merchant:${value}`;
  }
  return { filters, explanation: `Orders with ${words.join(' and ')}, newest first.`, alternative };
}

/** @param {string} term */
function termOf(term) {
  const colon = term.indexOf(':');
  const field = PREFIXES[term.slice(0, Math.max(0, colon)).toLowerCase()];
  if (field !== undefined) return { field, value: term.slice(colon + 1), isBare: false };
  if (UUID.test(term)) return { field: 'order', value: term, isBare: true };
  if (STATUSES.has(term.toLowerCase())) return { field: 'status', value: term.toLowerCase(), isBare: false };
  return { field: 'customer', value: term, isBare: true };
}

/**
 * @param {Filters} filters gets the term
 * @param {string} field
 * @param {string} value
 * @returns {string | undefined} what is wrong with it
 */
function take(filters, field, value) {
  switch (field) {
    case 'customer':
    case 'merchant':
      if (!IDENTIFIER.test(value))
        return `“${value}” is no id: ids have up to 64 letters, digits and . _ : -`;
      filters[field === 'customer' ? 'customerId' : 'merchantId'] = value;
      return undefined;
    case 'status':
      if (!STATUSES.has(value)) return `“${value}” is no status. Statuses are ${[...STATUSES].join(', ')}.`;
      filters.status = value;
      return undefined;
    default: {
      const at = new Date(value);
      if (Number.isNaN(at.getTime()))
        return `“${value}” is no date. Write it like 2026-11-29 or 2026-11-29T18:30.`;
      filters[field === 'after' ? 'createdAfter' : 'createdBefore'] = at.toISOString();
      return undefined;
    }
  }
}
