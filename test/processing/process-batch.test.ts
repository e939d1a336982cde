import { randomUUID } from 'node:crypto';
import t from 'tap';
import { ALL_ORDERS } from '../../src/order/access.ts';
import { ServiceError } from '../../src/base/errors.ts';
import { encodeRecordFrame } from '../../src/base/record-frame.ts';
import { processBatch } from '../../src/processing/process-batch.ts';
import { CommandRecords } from '../support/command-records.ts';
import { anOrder } from '../support/order-client.ts';
import { NO_FAILURES } from '../../tools/support/failure-rules.ts';
import {
  FAILED,
  FAILED_FOR_NOW,
  processingUnderTest,
  publishedChanges,
  publishedReasons,
  TOPIC,
} from './processing-under-test.ts';

await t.test(
  'a batch is decided and saved with its progress, and returns its status events in order',
  async (t) => {
    const { reader, world, run } = await processingUnderTest(t);
    world.now = 5_000;
    const [a, b] = [randomUUID(), randomUUID()];
    const records = new CommandRecords(3);
    const result = await run([records.place(a), records.place(b), records.transition(a, 'preparing')]);
    t.same(publishedChanges(result), [`${a} 1 confirmed`, `${b} 1 confirmed`, `${a} 2 preparing`]);
    t.match(result.counts, {
      decided: { records: 3, deadLetters: 0 },
      placed: 2,
      moved: 0,
      refused: 0,
      retrying: 0,
      deadLetters: 0,
    });
    t.match(await reader.find(a, ALL_ORDERS), {
      status: 'preparing',
      version: 2,
      total: 50_000,
      updatedAt: 5_000,
    });
    t.equal(await reader.progress(TOPIC, 3), 3);
  },
);

await t.test(
  'invariant 3: a redelivered batch changes nothing and publishes its statuses again',
  async (t) => {
    const { reader, run } = await processingUnderTest(t);
    const records = new CommandRecords();
    const [a, b] = [randomUUID(), randomUUID()];
    const batch = [records.place(a), records.transition(a, 'cancelled')];
    const first = await run(batch);
    const again = await run([...batch, records.place(b)]);
    t.match(again.counts, {
      decided: { records: 1, deadLetters: 0 },
      placed: 1,
      deadLetters: 0,
      redelivered: 2,
    });
    t.same(publishedChanges(again), [...publishedChanges(first), `${b} 1 confirmed`]);
    t.equal((await reader.history(a, ALL_ORDERS)).length, 2);
    t.same(publishedChanges(await run(batch)), publishedChanges(first));
    t.equal(await reader.progress(TOPIC, 0), 3, 'progress never moves back');
  },
);

await t.test('invariant 3: a batch saves nothing if another writer has moved its progress', async (t) => {
  const { dependencies, reader, world, run, deadLetters } = await processingUnderTest(t);
  const records = new CommandRecords();
  const [mine, other] = [records.place(), records.place()];
  world.outcomes.set(mine.key?.toString() ?? '', FAILED);
  const zombie = processBatch(
    {
      kind: 'batch',
      topic: TOPIC,
      frame: encodeRecordFrame([mine]),
      applied: new Map(),
      recent: NO_FAILURES,
    },
    {
      ...dependencies,
      runProcessor: async (attempts) => {
        const outcomes = await dependencies.runProcessor(attempts);
        world.outcomes.clear();
        await run([mine, other]);
        return outcomes;
      },
    },
  );
  await t.rejects(zombie, { code: 'progress-conflict' });
  t.match(await reader.find(mine.key?.toString() ?? '', ALL_ORDERS), { status: 'confirmed', version: 1 });
  t.same(deadLetters(), []);
});

await t.test('invariant 6: a store that fails costs no attempt and makes no dead letter', async (t) => {
  const { dependencies, reader, world, run, retry, deadLetters } = await processingUnderTest(t);
  const records = new CommandRecords();
  const id = randomUUID();
  world.outcomes.set(id, FAILED_FOR_NOW);
  const { store } = dependencies;
  const save = store.save.bind(store);
  const failOnce = () => {
    store.save = () => {
      store.save = save;
      return Promise.reject(new ServiceError('store-unavailable', 'The disk is full.'));
    };
  };
  const batch = [records.place(id), records.place()];
  failOnce();
  await t.rejects(run(batch), { code: 'store-unavailable' });
  t.equal(await reader.progress(TOPIC, 0), undefined);
  await run(batch);
  world.now += 60_000;
  failOnce();
  await t.rejects(retry(), { code: 'store-unavailable' });
  await retry();
  t.same(
    world.attempts.filter(([orderId]) => orderId === id).map(([, attempt]) => attempt),
    [1, 1, 2, 2],
  );
  t.same(deadLetters(), []);
});

await t.test('a log other than the one that filled the store is refused', async (t) => {
  const { reader, run } = await processingUnderTest(t);
  await run([new CommandRecords().place(), new CommandRecords(0, 1).place()]);
  const other = new CommandRecords();
  await t.rejects(run([other.place(), other.place(), other.place()]), {
    code: 'log-mismatch',
    transient: false,
    message:
      /orders\.commands\/0 has order \S+ at offset 0\. The store has applied all records before offset 2 /,
  });
  t.equal(await reader.progress(TOPIC, 0), 2, 'nothing was saved');
});

await t.test('an order that retention has deleted does not make the log a foreign one', async (t) => {
  const { reader, run, database, dependencies } = await processingUnderTest(t);
  const records = new CommandRecords();
  const batch = [records.place('old'), records.place('another')];
  await run(batch);
  database.exec(`DELETE FROM orders WHERE id = 'old'; DELETE FROM order_history WHERE order_id = 'old'`);
  await t.rejects(run(batch), { code: 'log-mismatch' });
  database.exec(`INSERT INTO order_retention VALUES (1, '', 0, 2000)`);
  t.equal(await dependencies.store.deletedBefore(), 2_000);
  await run(batch);
  t.equal(await reader.find('old', ALL_ORDERS), undefined, 'its redelivered record does not bring it back');
});

await t.test('a store that lost rows is refused', async (t) => {
  const { reader, run } = await processingUnderTest(t);
  const batch = [new CommandRecords(0, 10).place()];
  await t.rejects(run(batch, { applied: new Map([[0, 10]]) }), { code: 'progress-gap' });
  t.equal(await reader.progress(TOPIC, 0), undefined);
});

await t.test(
  'invariant 8: an undecodable record becomes a dead letter, byte for byte; the others are processed',
  async (t) => {
    const { reader, run, deadLetters } = await processingUnderTest(t);
    const records = new CommandRecords();
    const id = randomUUID();
    const otherKey = records.place(randomUUID());
    otherKey.key = Buffer.from('another');
    const result = await run([
      records.raw(null, null),
      records.raw(Buffer.from([0xff, 0x00]), Buffer.from([0xc3, 0x28, 0x00])),
      records.raw(Buffer.from(id), Buffer.from('{"specversion":"1.0","type":"another.system.v1"}')),
      otherKey,
      records.place(id),
    ]);
    t.match(result.counts, {
      decided: { records: 5, deadLetters: 4 },
      placed: 1,
      deadLetters: 4,
      redelivered: 0,
    });
    t.match(await reader.find(id, ALL_ORDERS), { status: 'confirmed' });
    const kept = deadLetters();
    t.same(
      kept.map(({ reason }) => reason),
      Array.from({ length: 4 }, () => 'record-undecodable'),
    );
    t.same(kept[1]?.key, Buffer.from([0xff, 0x00]));
    t.same(kept[1]?.value, Buffer.from([0xc3, 0x28, 0x00]));
    t.match(kept[3]?.error, /key is not the id/);
    t.equal(await reader.progress(TOPIC, 0), 5);
  },
);

await t.test('invariant 8: an order that fails for good is a dead letter that says why', async (t) => {
  const { world, run, reader, deadLetters } = await processingUnderTest(t);
  const records = new CommandRecords();
  const [failed, rejected] = [randomUUID(), randomUUID()];
  world.outcomes.set(failed, FAILED);
  world.outcomes.set(rejected, { status: 'rejected', reason: 'closed today' });
  const batch = [records.place(failed), records.place(rejected)];
  const { statuses } = await run(batch);
  const reason = 'The order could not be processed.';
  const ofCustomer = { kind: 'customer', customerId: anOrder().customerId } as const;
  t.match(await reader.history(failed, ofCustomer), [{ status: 'failed', reason }]);
  const rejection = 'The order was rejected.';
  t.match(publishedReasons(statuses), [reason, rejection]);
  t.match(await reader.history(rejected, ofCustomer), [{ status: 'rejected', reason: rejection }]);
  t.match(await reader.history(rejected, ALL_ORDERS), [{ status: 'rejected', reason: 'closed today' }]);
  t.match(deadLetters(), [{ order_id: failed, reason: 'processor-failed', error: 'no such merchant' }]);
  t.equal(deadLetters().length, 1);
  t.same(deadLetters()[0]?.value, batch[0]?.value);
});

await t.test('a repeat of an order id changes nothing and is not processed', async (t) => {
  const { reader, world, run } = await processingUnderTest(t);
  const records = new CommandRecords();
  const id = randomUUID();
  await run([records.place(id), records.place(id, { merchantId: 'm-other' })]);
  await run([records.place(id, { merchantId: 'm-third' })]);
  t.same(world.attempts, [[id, 1]]);
  t.match(await reader.find(id, ALL_ORDERS), { merchantId: 'm-9', version: 1 });
});

await t.test('a transition that is not allowed changes nothing', async (t) => {
  const { reader, run } = await processingUnderTest(t);
  const records = new CommandRecords();
  const id = randomUUID();
  const result = await run([
    records.place(id),
    records.transition(id, 'delivered'),
    records.transition(randomUUID(), 'cancelled'),
  ]);
  t.equal(result.counts.refused, 2);
  t.match(await reader.find(id, ALL_ORDERS), { status: 'confirmed', version: 1 });
});

await t.test(
  'invariant 12: a transition request is decided for its actor, whatever the API let pass',
  async (t) => {
    const { reader, run } = await processingUnderTest(t);
    const records = new CommandRecords();
    const a = randomUUID();
    const { customerId, merchantId } = anOrder();
    const asCustomer = { kind: 'customer', customerId } as const;
    const asMerchant = { kind: 'merchant', merchantId } as const;
    const { counts } = await run([
      records.place(a),
      records.transition(a, 'preparing', asCustomer),
      records.transition(a, 'cancelled', { kind: 'customer', customerId: 'c-other' }),
      records.transition(a, 'cancelled', { kind: 'merchant', merchantId: customerId }),
      records.transition(a, 'preparing', asMerchant),
      records.transition(a, 'cancelled', asCustomer),
    ]);
    t.match(counts, { refused: 3, deadLetters: 0 });
    const statuses = (await reader.history(a, ALL_ORDERS)).map(({ status }) => status);
    t.same(statuses, ['confirmed', 'preparing', 'cancelled']);
  },
);
