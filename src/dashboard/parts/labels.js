import { h } from '../build.js';
import { hrefOf } from '../routes.js';

/** @type {Record<string, string>} */
const REASONS = {
  'record-undecodable': 'the record cannot be read',
  'processor-failed': 'the processor threw an error',
  'retries-exhausted': 'retried too often',
  'predecessor-failed': 'an earlier event of the order failed',
  'store-refused': 'the store refused it',
  'replay-rejected': 'a replay was rejected',
};

/** @type {Record<string, string>} */
export const STATES = {
  open: 'Needs a decision.',
  replaying: 'Sent to be processed again; not processed yet.',
  resolved: 'A replay was processed.',
  discarded: 'Closed without a replay.',
  exhausted: 'Its replays failed too often; further replays skip it.',
};

/** Why a record became a dead letter, in words. @param {string} reason */
export function reasonText(reason) {
  return REASONS[reason] ?? reason.replaceAll('-', ' ');
}

export const REASON_NAMES = Object.keys(REASONS);

/** A dead letter in this state can be replayed or discarded. @param {string} state */
export function isUnresolved(state) {
  return state !== 'resolved' && state !== 'discarded';
}

/** The status of an order. @param {string} status */
export function statusBadge(status) {
  return h('span', { class: 'status', 'data-status': status }, status);
}

/** The state of a dead letter. @param {string} state */
export function stateBadge(state) {
  return h('span', { class: 'state', 'data-state': state, title: STATES[state] ?? '' }, state);
}

/** @param {string | null} id */
export function orderLink(id) {
  if (id === null) return h('span', { class: 'note' }, 'no order');
  return h('a', { href: hrefOf('order', { id }), class: 'id' }, h('code', {}, id));
}

/** @param {number} id */
export function deadLetterLink(id) {
  return h('a', { href: hrefOf('dead-letter', { id }), class: 'number' }, `#${id}`);
}

/** @param {{topic: string, partition: number, offset: number}} position */
export function positionText({ topic, partition, offset }) {
  return h('code', {}, `${topic} / partition ${partition} / offset ${offset}`);
}

/** @param {string} kind customerId or merchantId @param {string | undefined} id */
export function partyLink(kind, id) {
  if (id === undefined) return '–';
  const prefix = kind === 'customerId' ? 'customer' : 'merchant';
  return h('a', { href: hrefOf('search', { query: { q: `${prefix}:${id}` } }) }, id);
}
