import { randomUUID } from 'node:crypto';
import t, { type Test } from 'tap';
import { createLogger } from '../../src/base/logger.ts';
import { encodeRecordFrame } from '../../src/base/record-frame.ts';
import type { BatchRequest } from '../../src/processing/batch.ts';
import type { Outcome } from '../../src/processing/outcome.ts';
import { createWriteLock } from '../../src/store/sqlite/write-lock.ts';
import { BatchPool } from '../../src/threads/batch-pool.ts';
import { failureRules, NO_FAILURES } from '../../tools/support/failure-rules.ts';
import { PostgresServer } from '../../tools/support/postgres.ts';
import { CommandRecords } from '../support/command-records.ts';

const processor = new URL('../../../test/fixtures/processor.mjs', import.meta.url).pathname;

t.setTimeout(120_000);

const server = await PostgresServer.start(t);

/** One thread with PostgreSQL. @param patienceMs how long a batch waits for a call */
async function harness(t: Test, patienceMs: number) {
  const pool = new BatchPool({
    threads: 1,
    logger: createLogger('silent'),
    settings: {
      store: await server.createStore(),
      writeLock: createWriteLock(),
      processor,
      processorTimeoutMs: 2_000,
      processorPatienceMs: patienceMs,
      logLevel: 'silent',
      rules: failureRules(),
    },
  });
  await pool.start();
  t.teardown(() => pool.stop());
  return pool;
}

/** A batch of one order, each with a partition of its own. The processor does what the merchant is named for. */
function batch(merchantId: string, partition: number, id = randomUUID()): BatchRequest {
  return {
    kind: 'batch',
    topic: 'orders.commands',
    frame: encodeRecordFrame([new CommandRecords(partition).place(id, { merchantId })]),
    applied: new Map(),
    recent: NO_FAILURES,
  };
}

async function endsOf(tasks: Record<string, Promise<unknown>>): Promise<string[]> {
  const ends: string[] = [];
  await Promise.all(Object.entries(tasks).map(([name, task]) => task.then(() => ends.push(name))));
  return ends;
}

await t.test('a batch is processed while another one of its thread waits', async (t) => {
  const pool = await harness(t, 60_000);
  t.equal(pool.capacity, 2);
  const slow = pool.run(batch('slow', 0));
  t.same(await endsOf({ slow, healthy: pool.run(batch('healthy', 1)) }), ['healthy', 'slow']);
});

await t.test('a patient batch has its thread alone', async (t) => {
  const pool = await harness(t, 100);
  const patient = pool.run({ ...batch('slow', 0), patient: true });
  t.same(await endsOf({ patient, healthy: pool.run(batch('healthy', 1)) }), ['patient', 'healthy']);
});

await t.test('a crash blames a batch only if it had its thread alone', async (t) => {
  const pool = await harness(t, 60_000);
  const poison = pool.run(batch('slow-crash', 0));
  const innocent = pool.run(batch('slow', 1));
  await t.rejects(poison, { code: 'calls-lost' });
  await t.rejects(innocent, { code: 'calls-lost' });

  const alone = pool.run({ ...batch('slow-crash', 0), patient: true });
  const waiting = pool.run(batch('healthy', 1));
  await t.rejects(alone, { code: 'worker-failed' });
  await t.rejects(waiting, { code: 'calls-lost' });
  t.match(await pool.run(batch('healthy', 1)), { counts: { placed: 1 } });
});

await t.test('the answer of a detached call goes to its own batch', async (t) => {
  const pool = await harness(t, 100);
  const ids = [randomUUID(), randomUUID()];
  const answers = ids.map(async (id, partition) => {
    const { promise, resolve } = withResolvers<string>();
    await pool.run(batch('slow', partition, id), (orderId: string, _: Outcome) => resolve(orderId));
    return promise;
  });
  t.same(await Promise.all(answers), ids);
});

function withResolvers<T>() {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}
