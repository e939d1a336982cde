import t from 'tap';
import { ALL_ORDERS } from '../../src/order/access.ts';
import { Database } from '../../src/base/sqlite.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { failureRules } from '../../tools/support/failure-rules.ts';
import { mendableFault } from '../support/mendable-fault.ts';
import { pipelineUnderTest } from './pipeline-under-test.ts';

const mendableProcessor = new URL('../../../test/fixtures/mendable-processor.mjs', import.meta.url).pathname;

t.setTimeout(60_000);

await t.test(
  'a broken processor does not turn the log into dead letters: batches wait until it is fixed',
  { timeout: 60_000 },
  async (t) => {
    const { merchantId, mend } = await mendableFault(t, 'broken');
    const rules = failureRules({ deadLetterFloodShare: 0.5 });
    const { databasePath, reader, metrics, run, place } = await pipelineUnderTest(t, rules);
    const ids = await Promise.all(Array.from({ length: 1_000 }, () => place(merchantId)));
    const { pipeline } = await run(mendableProcessor);

    await eventually(() => pipeline.readinessProblem() !== undefined, { what: 'the flood to be reported' });
    t.match(
      pipeline.readinessProblem(),
      /^100 % of the last \d+ records would become dead letters; .* Fix the processor/,
    );
    await eventually(async () => (await metrics.batchRetries.get()).values.some(({ value }) => value >= 2), {
      what: 'another attempt',
    });
    const database = new Database(databasePath, { readonly: true });
    t.teardown(() => database.close());
    const count = () => database.prepare('SELECT count(*) FROM dead_letters').pluck().get() as number;
    const before = count();
    // Below 100 records the sample is too small for the limit.
    t.ok(before < 200, `${before} dead letters`);
    t.ok(((await metrics.deadLetterFloods.get()).values[0]?.value ?? 0) >= 1);
    t.ok(
      (await metrics.circuitState.get()).values.every(({ value }) => value === 0),
      'the circuits are closed',
    );

    await mend();
    const confirmed = async () => {
      const orders = await Promise.all(ids.map((id) => reader.find(id, ALL_ORDERS)));
      return orders.filter((order) => order?.status === 'confirmed').length;
    };
    await eventually(async () => (await confirmed()) === ids.length - before, {
      what: 'everything else to be confirmed',
      timeoutMs: 30_000,
    });
    t.equal(count(), before);
    await eventually(() => pipeline.readinessProblem() === undefined, { what: 'the pipeline to be ready' });
  },
);
