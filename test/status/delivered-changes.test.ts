import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { pino } from 'pino';
import t from 'tap';
import type { StatusChange } from '../../src/order/commands.ts';
import { createEventCodec } from '../../src/order/events.ts';
import { StatusHub } from '../../src/status/status-hub.ts';
import { REMEMBERED_COMMANDS, DeliveredChanges } from '../../src/status/delivered-changes.ts';

const codec = createEventCodec();

function change(orderId: string, version: number, cause: StatusChange['cause']): StatusChange {
  const status = version === 1 ? 'confirmed' : 'preparing';
  return { orderId, customerId: 'c', merchantId: 'm', status, version, at: 0, reason: null, cause };
}

const nameOf = ({ orderId, version }: Pick<StatusChange, 'orderId' | 'version'>) => `${orderId} ${version}`;

/** A replica that remembers the versions of few orders. */
function replica(maxRecentEvents: number) {
  const sharedEnds = () => Promise.resolve([]);
  const hub = new StatusHub({
    codec,
    maxWatchers: 1,
    maxRecentEvents,
    sharedEnds,
    logger: pino(new PassThrough()),
  });
  const delivered: StatusChange[] = [];
  hub.onEveryEvent((event) => delivered.push(event.change()));
  let offset = 0;
  const publish = (changes: readonly StatusChange[]) => {
    hub.publish(
      changes.map((each) => {
        const value = Buffer.from(codec.encodeStatusChange(each));
        return { partition: 0, offset: offset++, key: Buffer.from(each.orderId), value };
      }),
    );
  };
  return { delivered, publish };
}

await t.test('46 000 orders: changes that a crash publishes again are delivered once', async (t) => {
  const { delivered, publish } = replica(20_000);
  const ORDERS = 46_000;
  const changes = Array.from({ length: ORDERS }, (_, index) =>
    change(`o-${index}`, 1, { partition: index % 2, offset: index >> 1 }),
  );
  publish(changes);
  publish(changes.slice(10_000));
  t.equal(delivered.length, ORDERS);
});

await t.test(
  'a change that is missing when later ones are delivered is delivered when it is published again',
  async (t) => {
    const { delivered, publish } = replica(2);
    const changes = Array.from({ length: 9 }, (_, offset) =>
      change(`o-${offset}`, 1, { partition: 0, offset }),
    );
    publish(changes.filter((_, index) => index !== 3));
    publish(changes);
    t.equal(delivered.length, 9);
  },
);

await t.test('commands too old to be remembered are compared by version', async (t) => {
  const delivered = new DeliveredChanges(10);
  const add = (orderId: string, version: number, offset: number) =>
    delivered.add({ orderId, version, cause: { partition: 0, offset } });
  t.ok(add('a', 1, 2 * REMEMBERED_COMMANDS));
  t.ok(add('b', 1, 5), 'a retried order');
  for (let order = 0; order < 20; order += 1) add(`c-${order}`, 1, 2 * REMEMBERED_COMMANDS + 1 + order);
  t.notOk(add('b', 1, 5));
  t.ok(add('b', 2, 6));
  t.notOk(add('b', 1, 7));
  t.notOk(add('a', 1, 2 * REMEMBERED_COMMANDS));
  t.ok(add('d', 1, 4 * REMEMBERED_COMMANDS), 'a jump forgets all');
  t.ok(add('e', 1, 3 * REMEMBERED_COMMANDS + 1), 'but the new window is empty');
});

await t.test('what is remembered of earlier commands does not hide later ones', async (t) => {
  const delivered = new DeliveredChanges(10);
  for (let offset = 0; offset < 3 * REMEMBERED_COMMANDS; offset += 8) {
    const isNew = delivered.add({ orderId: `o-${offset}`, version: 1, cause: { partition: 0, offset } });
    if (!isNew) t.fail(`offset ${offset}`);
  }
  t.same(delivered.commandEnds(), new Map([[0, 3 * REMEMBERED_COMMANDS - 7]]));
});

await t.test('versions of an order never go back', async (t) => {
  const { delivered, publish } = replica(10);
  publish([change('a', 2, { partition: 0, offset: 9 }), change('a', 1, { partition: 0, offset: 5 })]);
  t.same(delivered.map(nameOf), ['a 2']);
});

const PARTITIONS = 2;

interface Command {
  orderId: string;
  kind: 'place' | 'transition';
  /** its first attempt fails for now */
  isRetried: boolean;
}

interface Publication {
  changes: StatusChange[];
  /** commit after it; undefined for retries */
  upTo: number | undefined;
}

/** One partition with its present worker; a worker that lost it may publish late what it had saved. */
class Partition {
  readonly history: StatusChange[] = [];
  readonly #number: number;
  readonly #commands: readonly Command[];
  readonly #versions = new Map<string, number>();
  readonly #retrying = new Map<string, { offset: number }[]>();
  readonly #unpublished = new Set<string>();
  #queue: Publication[] = [];
  #zombies: Publication[][] = [];
  #progress = 0;
  #committed = 0;

  constructor(number: number, commands: readonly Command[]) {
    this.#number = number;
    this.#commands = commands;
  }

  process(count: number): void {
    const changes: StatusChange[] = [];
    const end = Math.min(this.#commands.length, this.#progress + count);
    for (let offset = this.#progress; offset < end; offset += 1) {
      const { orderId, isRetried } = this.#commands[offset] as Command;
      const queue = this.#retrying.get(orderId);
      if (queue !== undefined) queue.push({ offset });
      else if (isRetried && !this.#versions.has(orderId)) this.#retrying.set(orderId, [{ offset }]);
      else changes.push(this.#save(orderId, offset));
    }
    this.#progress = end;
    this.#queue.push({ changes, upTo: end });
  }

  completeRetry(): void {
    const [orderId, queue] = [...this.#retrying][0] ?? [];
    if (orderId === undefined || queue === undefined) return;
    this.#retrying.delete(orderId);
    this.#unpublished.add(orderId);
    this.#queue.push({ changes: queue.map(({ offset }) => this.#save(orderId, offset)), upTo: undefined });
  }

  /** @param lost the first attempt loses these records, then the whole batch is published again */
  publish(append: (changes: readonly StatusChange[]) => void, lost?: (index: number) => boolean): void {
    const next = this.#queue.shift();
    if (next === undefined) return;
    if (lost !== undefined) append(next.changes.filter((_, index) => !lost(index)));
    append(next.changes);
    if (next.upTo === undefined) for (const { orderId } of next.changes) this.#unpublished.delete(orderId);
    else this.#committed = next.upTo;
  }

  crash(): void {
    this.#zombies.push(this.#queue);
    const inRange = ({ cause: { offset } }: StatusChange) =>
      offset >= this.#committed && offset < this.#progress;
    const byCause = (one: StatusChange, other: StatusChange) => one.cause.offset - other.cause.offset;
    this.#queue = [
      { changes: this.history.filter(inRange).toSorted(byCause), upTo: this.#progress },
      { changes: this.history.filter(({ orderId }) => this.#unpublished.has(orderId)), upTo: undefined },
    ];
  }

  publishLate(append: (changes: readonly StatusChange[]) => void): void {
    const publication = this.#zombies[0]?.shift();
    if (publication === undefined) this.#zombies.shift();
    else append(publication.changes);
  }

  finish(append: (changes: readonly StatusChange[]) => void): void {
    this.process(Infinity);
    while (this.#retrying.size > 0) this.completeRetry();
    while (this.#queue.length > 0) this.publish(append);
    while (this.#zombies.length > 0) this.publishLate(append);
  }

  #save(orderId: string, offset: number): StatusChange {
    const version = (this.#versions.get(orderId) ?? 0) + 1;
    this.#versions.set(orderId, version);
    const saved = change(orderId, version, { partition: this.#number, offset });
    this.history.push(saved);
    return saved;
  }
}

const commands = fc
  .array(fc.record({ order: fc.nat(30), isRetried: fc.boolean() }), { minLength: 1, maxLength: 80 })
  .map((all) => {
    const known = new Set<number>();
    return all.map(({ order, isRetried }): Command & { order: number } => {
      const kind = known.has(order) ? 'transition' : 'place';
      known.add(order);
      return { order, orderId: `o-${order}`, kind, isRetried };
    });
  });

const step = fc.record({
  partition: fc.nat(PARTITIONS - 1),
  kind: fc.constantFrom('process', 'publish', 'publish', 'fail', 'crash', 'retry', 'late'),
  count: fc.integer({ min: 1, max: 9 }),
});

await t.test(
  'redelivery, retries, zombies and failed appends: every change once, no version goes back',
  async () => {
    fc.assert(
      fc.property(commands, fc.array(step, { maxLength: 60 }), (all, steps) => {
        // The cache of versions holds a single order, as if there were far more orders than it remembers.
        const { delivered, publish } = replica(1);
        const partitions = Array.from(
          { length: PARTITIONS },
          (_, number) =>
            new Partition(
              number,
              all.filter(({ order }) => order % PARTITIONS === number),
            ),
        );
        for (const { partition: number, kind, count } of steps) {
          const partition = partitions[number] as Partition;
          if (kind === 'process') partition.process(count);
          else if (kind === 'publish') partition.publish(publish);
          // Loses the end of a batch: a version must not arrive before the one before it.
          else if (kind === 'fail') partition.publish(publish, (index) => index >= count);
          else if (kind === 'crash') partition.crash();
          else if (kind === 'retry') partition.completeRetry();
          else partition.publishLate(publish);
        }
        for (const partition of partitions) partition.finish(publish);
        const saved = partitions.flatMap(({ history }) => history.map(nameOf));
        assert.deepStrictEqual(delivered.map(nameOf).sort(), saved.sort());
        const versions = new Map<string, number>();
        for (const { orderId, version } of delivered) {
          assert.equal(version, (versions.get(orderId) ?? 0) + 1, `${orderId} in order`);
          versions.set(orderId, version);
        }
      }),
      { numRuns: 500 },
    );
  },
);
