import type { Decision, PlacedOrder } from '../../order/decide.ts';
import { versionsBefore } from '../versions-before.ts';
import { column, type Step } from './statement.ts';

const INSERT_ORDERS = `
  INSERT INTO orders (id, customer_id, merchant_id, currency, total, status, version, items, metadata, fingerprint,
                      placed_by, created_at, updated_at)
  SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::bigint[],
                       $8::text[], $9::text[], $10::text[], $11::text[], $12::bigint[], $13::bigint[])
  RETURNING 1`;

const MOVE_ORDERS = `
  UPDATE orders SET status = moved.status, version = moved.version, updated_at = moved.updated_at
  FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[])
    AS moved (id, status, version, updated_at, loaded)
  WHERE orders.id = moved.id AND orders.version = moved.loaded
  RETURNING 1`;

const CHANGES = `
  unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[])`;

const INSERT_CHANGES = `
  INSERT INTO order_history (order_id, version, status, at, reason, partition, "offset") SELECT * FROM ${CHANGES}
  RETURNING 1`;

/** Holds the counter from here to the end of the transaction: the next writer's numbers come after its commit. */
const COUNT_CHANGES = 'UPDATE change_counter SET last = last + $1::bigint RETURNING last';

const INSERT_NUMBERED_CHANGES = `
  INSERT INTO order_history (order_id, version, status, at, reason, partition, "offset", seq)
  SELECT order_id, version, status, at, reason, partition, "offset", last - cardinality($1::text[]) + place
  FROM counter, ${CHANGES} WITH ORDINALITY
    AS change (order_id, version, status, at, reason, partition, "offset", place)
  RETURNING 1`;

/** An order that is there already breaks the primary key, which postgres-failure.ts knows for another writer. */
export function orderSteps({ placed, moved, changes }: Decision): Step[] {
  const steps: Step[] = [];
  if (placed.length > 0) steps.push(insertOrders(placed));
  if (moved.length > 0) steps.push(moveOrders({ moved, changes }));
  return steps;
}

/** To be the last; answers `last`, the number of the last change, where changes are numbered. */
export function changeSteps({ changes }: Decision, isNumbered: boolean): Step[] {
  if (changes.length === 0) return [];
  const insert = {
    name: 'changes',
    text: isNumbered ? INSERT_NUMBERED_CHANGES : INSERT_CHANGES,
    values: [
      column(changes, ({ orderId }) => orderId),
      column(changes, ({ version }) => version),
      column(changes, ({ status }) => status),
      column(changes, ({ at }) => at),
      column(changes, ({ reason }) => reason),
      column(changes, ({ cause }) => cause.partition),
      column(changes, ({ cause }) => cause.offset),
    ],
  };
  if (!isNumbered) return [insert];
  return [{ name: 'counter', text: COUNT_CHANGES, values: [changes.length], answers: 'last' }, insert];
}

function insertOrders(placed: Decision['placed']): Step {
  const order = (value: (order: PlacedOrder['command']['order']) => string | number) =>
    column(placed, ({ command }) => value(command.order));
  return {
    name: 'placed',
    text: INSERT_ORDERS,
    values: [
      column(placed, ({ state }) => state.id),
      order(({ customerId }) => customerId),
      order(({ merchantId }) => merchantId),
      order(({ currency }) => currency),
      order(({ total }) => total),
      column(placed, ({ state }) => state.status),
      column(placed, ({ state }) => state.version),
      order(({ items }) => JSON.stringify(items)),
      column(
        placed,
        ({
          command: {
            order: { metadata },
          },
        }) => (metadata === undefined ? null : JSON.stringify(metadata)),
      ),
      column(placed, ({ command }) => command.fingerprint ?? null),
      column(placed, ({ command }) => command.eventId),
      column(placed, ({ command }) => command.time),
      column(placed, ({ updatedAt }) => updatedAt),
    ],
  };
}

/** By id, so that writers of the same orders wait for each other in one direction. */
function moveOrders({ moved, changes }: Pick<Decision, 'moved' | 'changes'>): Step {
  const loadedVersion = versionsBefore({ changes });
  const rows = moved.toSorted((one, other) => (one.state.id < other.state.id ? -1 : 1));
  return {
    name: 'moved',
    text: MOVE_ORDERS,
    values: [
      column(rows, ({ state }) => state.id),
      column(rows, ({ state }) => state.status),
      column(rows, ({ state }) => state.version),
      column(rows, ({ updatedAt }) => updatedAt),
      column(rows, ({ state }) => loadedVersion(state)),
    ],
    expected: { rows: rows.length, what: 'an order has another version' },
  };
}
