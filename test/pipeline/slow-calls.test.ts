import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import t from 'tap';
import { ALL_ORDERS } from '../../src/order/access.ts';
import { createLogger } from '../../src/base/logger.ts';
import type { LogRecord } from '../../src/base/log-record.ts';
import { REQUESTABLE_STATUSES, type RequestableStatus } from '../../src/order/lifecycle.ts';
import type { Outcome } from '../../src/processing/outcome.ts';
import { migrate } from '../../src/store/open/migrate.ts';
import { openBatchStore, openReader } from '../../src/store/open/open-store.ts';
import { createWriteLock } from '../../src/store/sqlite/write-lock.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { LEGAL_STEPS } from '../order/legal-steps.ts';
import { CommandRecords } from '../support/command-records.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { Life, TOPIC, type Behaviour } from './slow-calls-world.ts';

t.setTimeout(120_000);

const CONFIRMED: Outcome = { status: 'confirmed', reason: null };

const behaviour: fc.Arbitrary<Behaviour> = fc.record({
  ms: fc.constantFrom(0, 0, 0, 1, 3, 10, 60),
  outcome: fc.constantFrom<Outcome>(
    CONFIRMED,
    CONFIRMED,
    CONFIRMED,
    { status: 'rejected', reason: 'closed' },
    { status: 'failed', reason: 'no such dish' },
    { status: 'retry', reason: 'away' },
  ),
});

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ place: fc.array(fc.array(behaviour, { maxLength: 3 }), { maxLength: 6 }) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ move: fc.nat(), to: fc.constantFrom(...REQUESTABLE_STATUSES) }),
  },
  { weight: 3, arbitrary: fc.record({ waitMs: fc.integer({ min: 0, max: 15 }) }) },
  { weight: 1, arbitrary: fc.constant({ crash: true } as const) },
  { weight: 1, arbitrary: fc.record({ crashThread: fc.nat({ max: 1 }) }) },
  { weight: 2, arbitrary: fc.record({ failingSaves: fc.constantFrom(1, 2) }) },
);

await t.test(
  'however long calls take, and whatever crashes: each order is decided once, with its events in order',
  async (t) => {
    const target = { kind: 'sqlite', path: join(await temporaryFolder(t), 'orders.db') } as const;
    await migrate(target, createLogger('silent'));
    const [store, reader] = await Promise.all([
      openBatchStore(target, createWriteLock()),
      openReader(target),
    ]);
    t.teardown(() => Promise.all([store.close(), reader.close()]));
    const partitions = [new CommandRecords(0), new CommandRecords(1)];
    const log = new Map<number, LogRecord[]>(partitions.map(({ partition }) => [partition, []]));

    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const orders: { id: string; records: CommandRecords; requested: RequestableStatus[] }[] = [];
        const behaviours = new Map<string, Behaviour[]>();
        const published = new Map<string, string[]>();
        const options = {
          store,
          log,
          // The last one is repeated, but an order is not away for ever.
          behaviourOf: (id: string) => behaviours.get(id)?.shift() ?? { ms: 0, outcome: CONFIRMED },
          onPublished: (change: string) => {
            const [id = ''] = change.split(' ');
            const known = published.get(id) ?? [];
            if (!known.includes(change)) published.set(id, [...known, change]);
          },
        };
        let life = new Life(options);
        const errors: string[] = [];
        const append = (record: LogRecord) => log.get(record.partition)?.push(record);
        await life.begin();
        for (const action of steps) {
          if ('place' in action) {
            for (const [index, behaviour] of action.place.entries()) {
              const id = randomUUID();
              const records = partitions[index % 2] ?? new CommandRecords();
              behaviours.set(id, [...behaviour]);
              orders.push({ id, records, requested: [] });
              append(records.place(id));
            }
            life.pull();
          } else if ('move' in action) {
            const order = orders[action.move % Math.max(1, orders.length)];
            if (order === undefined) continue;
            order.requested.push(action.to);
            append(order.records.transition(order.id, action.to));
            life.pull();
          } else if ('waitMs' in action) {
            await delay(action.waitMs);
          } else if ('crash' in action) {
            life.crash();
            errors.push(...life.errors);
            life = new Life(options);
            await life.begin();
          } else if ('failingSaves' in action) {
            life.failingSaves = action.failingSaves;
          } else {
            life.crashThread(action.crashThread);
          }
        }
        const isDone = async () => {
          if ((await reader.countRetrying(1)) > 0) return false;
          for (const [partition, records] of log) {
            if (((await reader.progress(TOPIC, partition)) ?? 0) < records.length) return false;
          }
          return orders.every(({ id }) => published.has(id));
        };
        await eventually(isDone, { what: 'every order to be decided', timeoutMs: 8_000 });
        life.crash();
        t.same([...errors, ...life.errors], []);
        for (const { id, requested } of orders) {
          const history = (await reader.history(id, ALL_ORDERS)).map(({ status }) => status);
          t.same(history, expectedHistory(history[0], requested), id);
          const changes = history.map((status, index) => `${id} ${index + 1} ${status}`);
          t.same(published.get(id), changes, 'published in order');
        }
      }),
      { numRuns: 25, endOnFailure: true },
    );
  },
);

/** Each request is decided in its turn, after the first status; those that are not allowed change nothing. */
function expectedHistory(first: string | undefined, requested: readonly RequestableStatus[]): string[] {
  if (first === undefined || !LEGAL_STEPS.has(`accepted > ${first}`)) return ['a first status'];
  const statuses = [first];
  for (const to of requested) if (LEGAL_STEPS.has(`${statuses.at(-1)} > ${to}`)) statuses.push(to);
  return statuses;
}
