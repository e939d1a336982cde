import t from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { growAsDocumented } from '../support/documented-growth.ts';
import { kafkaAdmin } from '../support/kafka-admin.ts';
import { kafkaBrokers, kafkaEnvironment } from '../support/kafka-environment.ts';
import { EventSourceReader } from '../support/event-source.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

t.setTimeout(240_000);

const WAIT = { timeoutMs: 60_000 };

/** Reads a stream; resolves `ended` with the code of its problem. */
function watching(url: string, token?: string) {
  const reader = new EventSourceReader(token);
  const seen: string[] = [];
  let problem = '';
  const ended = reader.read(`${url}/v1/order-events`, ({ event, data }) => {
    if (event === 'problem') problem = (data as unknown as { code: string }).code;
    else seen.push(data.orderId);
  });
  return { reader, seen, ended: ended.then(() => problem) };
}

await t.test(
  'both topics grow as documented; orders.status is deleted and created again under running replicas',
  async (t) => {
    const environment = kafkaEnvironment(await temporaryFolder(t));
    const settings = { ...environment, KAFKA_PARTITIONS: '1', WORKER_THREADS: '1' };
    const worker = await ServiceProcess.start('worker', settings);
    const [one, other] = [
      await ServiceProcess.start('api', settings),
      await ServiceProcess.start('api', settings),
    ];
    for (const service of [worker, one, other]) t.teardown(() => service.kill());
    const topic = `${environment.KAFKA_TOPIC_PREFIX ?? ''}orders.status`;
    const admin = kafkaAdmin(t, kafkaBrokers());
    const client = new OrderClient(one.url);
    const partitionsOfOrders = new Set<number>();
    /** @returns the ids, when all are processed */
    const place = async (count: number) => {
      const done = { prefer: 'wait=30' };
      const placed = await Promise.all(Array.from({ length: count }, () => client.place(anOrder(), done)));
      for (const { status, headers } of placed) {
        if (status !== 201) throw new Error(`An order was answered with ${status}.`);
        partitionsOfOrders.add(Number(/position=(\d+)/.exec(headers.get('location') ?? '')?.[1]));
      }
      return placed.map(({ body }) => body.id);
    };
    const begun = (stream: ReturnType<typeof watching>) =>
      eventually(() => stream.reader.lastEventId !== '', { what: 'the stream to begin', ...WAIT });

    const streams = [one, other].map(({ url }) => watching(url));
    await Promise.all(streams.map(begun));
    const small = streams[0]?.reader.lastEventId ?? '';
    const expected = await place(5);
    const growth = new AbortController();
    const grow = async () => {
      const commands = await growAsDocumented(t, 'orders.commands', settings);
      return { commands, statuses: await growAsDocumented(t, 'orders.status', settings) };
    };
    const growing = grow().finally(() => growth.abort());
    const placing = async () => {
      while (!growth.signal.aborted) expected.push(...(await place(5)));
    };
    const [{ commands, statuses }] = await Promise.all([growing, placing()]);
    t.same([commands.before, statuses.before], [1, 1]);
    // The worker learns of the new partitions later than the replicas; until then it uses the old one.
    // Before the offsets: the kind of token, its view and its history.
    const partitions = () => (streams[0]?.reader.lastEventId.split('.').length ?? 0) - 3;
    await eventually(
      async () => {
        expected.push(...(await place(10)));
        await eventually(() => (streams[0]?.seen.length ?? 0) >= expected.length, {
          what: 'all changes',
          ...WAIT,
        });
        return partitions() === statuses.after && partitionsOfOrders.size > 1;
      },
      { what: 'orders and changes in new partitions', ...WAIT },
    );
    for (const { seen } of streams) {
      await eventually(() => seen.length >= expected.length, { what: 'all changes', ...WAIT });
      t.same(seen.toSorted(), expected.toSorted(), 'each change once');
    }
    const resumed = watching(other.url, small);
    await eventually(() => resumed.seen.length >= expected.length, {
      what: 'a token of one partition',
      ...WAIT,
    });
    resumed.reader.cut();

    const token = streams[0]?.reader.lastEventId ?? '';
    await admin.delete(topic);
    await eventually(async () => (await fetch(`${one.url}/readyz`)).status === 503, {
      what: 'readyz',
      ...WAIT,
    });
    t.match(await (await fetch(`${one.url}/readyz`)).text(), new RegExp(`no topic ${topic}`));
    await admin.create(topic, 2);
    for (const { ended } of streams) t.equal(await ended, 'resume-token-too-old');
    await eventually(async () => (await fetch(`${one.url}/readyz`)).status === 200, {
      what: 'readyz',
      ...WAIT,
    });
    const again = [one, other].map(({ url }) => watching(url));
    await Promise.all(again.map(begun));
    const later = await place(40);
    for (const { seen } of again) {
      await eventually(() => seen.length >= later.length, { what: 'the changes of the new topic', ...WAIT });
      t.same(seen.toSorted(), later.toSorted());
    }
    for (const { url } of [one, other]) {
      const response = await fetch(`${url}/v1/order-events`, { headers: { 'last-event-id': token } });
      t.equal(response.status, 410);
      await response.body?.cancel();
    }
    const passed = watching(other.url, again[0]?.reader.lastEventId);
    await begun(passed);
    for (const { reader } of [...again, passed]) reader.cut();
  },
);

await t.test('orders.commands is deleted under a running replica: new orders get 503 at once', async (t) => {
  const environment = kafkaEnvironment(await temporaryFolder(t));
  const api = await ServiceProcess.start('api', { ...environment, KAFKA_PARTITIONS: '1' });
  t.teardown(() => api.kill());
  const client = new OrderClient(api.url);
  t.equal((await client.place(anOrder())).status, 202);
  const topic = `${environment.KAFKA_TOPIC_PREFIX ?? ''}orders.commands`;
  await kafkaAdmin(t, kafkaBrokers()).delete(topic);
  await eventually(async () => (await fetch(`${api.url}/readyz`)).status === 503, {
    what: 'readyz',
    ...WAIT,
  });
  t.match(await (await fetch(`${api.url}/readyz`)).text(), new RegExp(topic));
  const startedAt = performance.now();
  t.match(await client.place(anOrder()), { status: 503, body: { code: 'log-unavailable' } });
  t.ok(performance.now() - startedAt < 2_000);
  t.match(api.output, new RegExp(`"level":50.*no topic ${topic}`));
});
