import t from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { EventSourceReader, type OrderEvent } from '../support/event-source.ts';
import { GrpcClient } from '../support/grpc-client.ts';
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
  const grpc = await GrpcClient.to(service.grpcAddress ?? '');
  t.teardown(() => grpc.close());
  /** The line that the service logs for operators. */
  const rejectionOf = async (id: string) => {
    const find = () =>
      service.output.split('\n').find((line) => line.includes(id) && line.includes('The processor rejected'));
    await eventually(() => find() !== undefined, { what: 'the line of the rejection' });
    return JSON.parse(find() ?? '') as { reason: string };
  };
  const historyOf = async (id: string) =>
    (await client.get<{ data: { status: string; reason: string }[] }>(`/v1/orders/${id}/history`)).body.data;

  await t.test('the module sees PROCESSOR_ENV_ variables without the prefix, and no secret', async (t) => {
    const { body } = await client.place(anOrder(), { prefer: 'wait=20' });
    const seen = (await rejectionOf(body.id)).reason;
    t.same(JSON.parse(seen), { greeting: 'hello', secrets: [], settings: [] });
  });

  for (const [status, merchantId, reason] of [
    ['failed', 'leak', 'The order could not be processed.'],
    ['rejected', 'm-9', 'The order was rejected.'],
  ] as const) {
    await t.test(`customers get a fixed text for a ${status} order, operators the detail`, async (t) => {
      const reader = new EventSourceReader();
      const events: OrderEvent[] = [];
      const url = `${service.url}/v1/order-events?merchantId=${merchantId}`;
      let hasBegun = false;
      const reading = reader.read(
        url,
        (event) => events.push(event),
        () => (hasBegun = true),
      );
      const watcher = grpc.watchOrders({ merchantId });
      await eventually(() => hasBegun, { what: 'the stream to begin' });
      await watcher.begun();
      const { body } = await client.place(anOrder({ merchantId }), { prefer: 'wait=20' });
      const { id } = body;
      await eventually(() => events.length > 0, { what: 'the event of the order' });
      reader.cut();
      await reading;
      await watcher.received(1);
      watcher.cancel();
      await watcher.ended();
      t.match(events, [{ data: { orderId: id, reason } }]);
      const changes = watcher.events.flatMap(({ change }) => (change ? [change] : []));
      t.match(changes, [{ orderId: id, status: `ORDER_STATUS_${status.toUpperCase()}`, reason }]);
      const lists = await Promise.all([
        client.get(`/v1/orders?merchantId=${merchantId}`),
        client.get(`/v1/orders/${id}`),
        grpc.list({ merchantId }),
        grpc.get({ orderId: id }),
      ]);
      t.notMatch(
        JSON.stringify([events, changes]),
        /s3cret|postgres|greeting/,
        'every watcher gets the same',
      );
      // Authentication is off, so every other answer is one to an operator.
      const [own] = await historyOf(id);
      const words = status === 'failed' ? /s3cret/ : /greeting/;
      t.match(own, { status, reason: words });
      for (const answer of [body, ...lists.map(withoutHeaders)]) t.match(JSON.stringify(answer), words);
      if (status === 'rejected') {
        t.match((await rejectionOf(id)).reason, /greeting/);
      } else {
        const letters = (await client.get(`/v1/dead-letters?orderId=${id}`)).body;
        t.match(letters, { data: [{ error: 'cannot reach postgres://app:s3cret@db.internal/orders' }] });
      }
    });
  }
});

function withoutHeaders(answer: object): unknown {
  return 'body' in answer ? answer.body : answer;
}
