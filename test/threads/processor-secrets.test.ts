import t from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { EventSourceReader, type OrderEvent } from '../support/event-source.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

t.setTimeout(120_000);

const PROCESSOR = new URL('../../../test/fixtures/curious-processor.mjs', import.meta.url).pathname;

await t.test('a processor module and its customers', async (t) => {
  const service = await ServiceProcess.start('all', {
    DATA_DIR: await temporaryFolder(t),
    PROCESSOR,
    ROLE: 'all',
    PROCESSOR_ENV_GREETING: 'hello',
    REDIS_URL: 'redis://:s3cret@127.0.0.1:1',
    KAFKA_SASL_PASSWORD: 's3cret',
    PGPASSWORD: 's3cret',
    UNRELATED_TOKEN: 's3cret',
  });
  t.teardown(() => service.kill());
  const client = new OrderClient(service.url);
  const historyOf = async (id: string) =>
    (await client.get<{ data: { status: string; reason: string }[] }>(`/v1/orders/${id}/history`)).body.data;

  await t.test('the module sees PROCESSOR_ENV_ variables without the prefix, and no secret', async (t) => {
    const { body } = await client.place(anOrder(), { prefer: 'wait=20' });
    const [first] = await historyOf(body.id);
    t.equal(first?.status, 'rejected');
    t.same(JSON.parse(first?.reason ?? ''), { greeting: 'hello', secrets: [], settings: [] });
  });

  await t.test('customers get a fixed text for an error, operators its detail', async (t) => {
    const reader = new EventSourceReader();
    const events: OrderEvent[] = [];
    const url = `${service.url}/v1/order-events?merchantId=leak`;
    let hasBegun = false;
    const reading = reader.read(
      url,
      (event) => events.push(event),
      () => (hasBegun = true),
    );
    await eventually(() => hasBegun, { what: 'the stream to begin' });
    const { body } = await client.place(anOrder({ merchantId: 'leak' }), { prefer: 'wait=20' });
    const history = await historyOf(body.id);
    t.match(history, [{ status: 'failed', reason: 'The order could not be processed.' }]);
    t.notMatch(JSON.stringify(body), /s3cret|postgres/);
    await eventually(() => events.length > 0, { what: 'the event of the order' });
    reader.cut();
    await reading;
    t.match(events, [{ data: { orderId: body.id, reason: 'The order could not be processed.' } }]);
    const letters = (await client.get(`/v1/dead-letters?orderId=${body.id}`)).body;
    t.match(letters, { data: [{ error: 'cannot reach postgres://app:s3cret@db.internal/orders' }] });
  });
});
