import type { Decision } from '../../order/decide.ts';
import { CHANGE_VALUES, columnList, loadedVersions, ORDER_VALUES } from '../sql/columns.ts';
import { columnValues, unnest, type Step } from './statement.ts';

const INSERT_ORDERS = `
  INSERT INTO orders (${columnList(ORDER_VALUES)}) SELECT * FROM ${unnest(ORDER_VALUES)} RETURNING 1`;

const MOVE_ORDERS = `
  UPDATE orders SET status = moved.status, version = moved.version, updated_at = moved.updated_at
  FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[])
    AS moved (id, status, version, updated_at, loaded)
  WHERE orders.id = moved.id AND orders.version = moved.loaded
  RETURNING 1`;

const CHANGE_COLUMNS = columnList(CHANGE_VALUES);

const INSERT_CHANGES = `
  INSERT INTO order_history (${CHANGE_COLUMNS}) SELECT * FROM ${unnest(CHANGE_VALUES)} RETURNING 1`;

/** Locks the counter until the commit, so that numbers follow the order of commits. */
const COUNT_CHANGES = 'UPDATE change_counter SET last = last + $1::bigint RETURNING last';

const INSERT_NUMBERED_CHANGES = `
  INSERT INTO order_history (${CHANGE_COLUMNS}, seq)
  SELECT ${CHANGE_COLUMNS}, last - cardinality($1::text[]) + ordinal
  FROM counter, ${unnest(CHANGE_VALUES)} WITH ORDINALITY AS change (${CHANGE_COLUMNS}, ordinal)
  RETURNING 1`;

/** Placing an existing order violates the primary key; errors.ts turns that into `progress-conflict`. */
export function orderSteps({ placed, moved, changes }: Decision): Step[] {
  const steps: Step[] = [];
  if (placed.length > 0) {
    steps.push({ name: 'placed', text: INSERT_ORDERS, values: columnValues(ORDER_VALUES, placed) });
  }
  if (moved.length > 0) steps.push(moveOrders({ moved, changes }));
  return steps;
}

/** The steps that insert changes. If changes are numbered, they return `last`, the number of the last change. */
export function changeSteps({ changes }: Decision, isNumbered: boolean): Step[] {
  if (changes.length === 0) return [];
  const values = columnValues(CHANGE_VALUES, changes);
  if (!isNumbered) return [{ name: 'changes', text: INSERT_CHANGES, values }];
  return [
    { name: 'counter', text: COUNT_CHANGES, values: [changes.length], returns: 'last' },
    { name: 'changes', text: INSERT_NUMBERED_CHANGES, values },
  ];
}

/** Sorts by id, so that two writers of the same orders cannot deadlock. */
function moveOrders({ moved, changes }: Pick<Decision, 'moved' | 'changes'>): Step {
  const loadedVersion = loadedVersions({ changes });
  const rows = moved.toSorted((one, other) => (one.state.id < other.state.id ? -1 : 1));
  return {
    name: 'moved',
    text: MOVE_ORDERS,
    values: [
      rows.map(({ state }) => state.id),
      rows.map(({ state }) => state.status),
      rows.map(({ state }) => state.version),
      rows.map(({ updatedAt }) => updatedAt),
      rows.map(({ state }) => loadedVersion(state)),
    ],
    expected: { rows: rows.length, what: 'another writer has changed an order' },
  };
}
