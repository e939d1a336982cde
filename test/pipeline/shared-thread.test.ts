import t from 'tap';
import { ALL_ORDERS } from '../../src/order/access.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { failureRules } from '../../tools/support/failure-rules.ts';
import { PostgresServer } from '../../tools/support/postgres.ts';
import { pipelineUnderTest, processorModule } from './pipeline-under-test.ts';

t.setTimeout(120_000);

const server = await PostgresServer.start(t);

await t.test(
  'an order that crashes its thread fails, and none of the other lane in this thread does',
  async (t) => {
    const store = await server.createStore();
    const { run, place, isConfirmed, reader } = await pipelineUnderTest(t, failureRules(), store);
    const good = await Promise.all(Array.from({ length: 12 }, () => place('wait')));
    const crashing = await place('wait-crash');
    // So that both lanes have work all the time.
    const more = await Promise.all(Array.from({ length: 12 }, () => place('wait')));
    await run(processorModule, { batchMaxRecords: 2 });
    for (const id of [...good, ...more]) await isConfirmed(id);
    await eventually(async () => (await reader.find(crashing, ALL_ORDERS))?.status === 'failed', {
      what: 'the order to fail',
      timeoutMs: 40_000,
    });
  },
);
