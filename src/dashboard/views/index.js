import { deadLetterView } from './dead-letter.js';
import { deadLettersView } from './dead-letters.js';
import { orderView } from './order.js';
import { partitionsView } from './partitions.js';
import { replicasView } from './replicas.js';
import { retryingView } from './retrying.js';
import { searchView } from './search.js';
import { unknownView } from './unknown.js';

/**
 * The views by their names; the overview has code of its own.
 * @type {Record<import('../routes.js').ViewName, (context: import('./view.js').Context) => import('./view.js').View>}
 */
export const VIEWS = {
  overview: unknownView,
  search: searchView,
  order: orderView,
  'dead-letters': deadLettersView,
  'dead-letter': deadLetterView,
  retrying: retryingView,
  partitions: partitionsView,
  replicas: replicasView,
  unknown: unknownView,
};
