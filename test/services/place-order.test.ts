import t, { type Test } from 'tap';
import type { EventLog } from '../../src/log/event-log.ts';
import type { Intake } from '../../src/services/intake.ts';
import { anOrder } from '../support/order-client.ts';
import { startSmallService } from '../support/small-service.ts';

const keyed = (intake: Intake, changes: Parameters<typeof anOrder>[0] = {}, caller = 'alice') =>
  intake.placing.place(anOrder(changes), { caller, idempotencyKey: 'key-1' });

await t.test('an order without a key gets a fresh id and a position in the log', async (t) => {
  const { intake, log } = await startSmallService(t);
  const [a, b] = await Promise.all([1, 2].map(() => intake.placing.place(anOrder(), { caller: 'alice' })));
  t.not(a?.receipt.id, b?.receipt.id);
  t.match(a, { replayed: false, receipt: { total: 50_000, currency: 'INR' } });
  const logged = await log.find?.('orders.commands', a?.receipt.id ?? '');
  t.match(logged, a?.receipt.position ?? {});
});

await t.test('a total that is not a safe integer is refused and nothing is appended', async (t) => {
  const { intake } = await startSmallService(t);
  const items = [{ sku: 's', quantity: 1_000_000, unitPrice: 1e10 }];
  await t.rejects(intake.placing.place(anOrder({ items }), { caller: 'alice' }), { code: 'total-too-large' });
});

await t.test('a repeated key', async (t) => {
  const service = await startSmallService(t);
  const { intake } = service;
  const first = await keyed(intake);
  t.equal(first.replayed, false);

  const isRepeat = async (t: Test, replica: Intake) => {
    t.match(await keyed(replica), { replayed: true, receipt: { id: first.receipt.id, total: 50_000 } });
    await t.rejects(keyed(replica, { merchantId: 'm-other' }), { code: 'idempotency-key-reused' });
  };
  await t.test('is known to the process that took the first', (t) => isRepeat(t, intake));
  await t.test('is known after a restart, from the log', (t) => isRepeat(t, service.replica().intake));
  await t.test('stands for another order of another caller', async (t) => {
    t.not((await keyed(intake, {}, 'bob')).receipt.id, first.receipt.id);
  });
  await service.processAll();
  await t.test('is known to any replica once it is stored', (t) => isRepeat(t, service.replica().intake));
});

await t.test('two at once with one key are one order', async (t) => {
  const { intake, reader, processAll } = await startSmallService(t);
  const both = await Promise.all([keyed(intake), keyed(intake)]);
  t.same(both.map(({ replayed }) => replayed).sort(), [false, true]);
  t.equal(both[0].receipt.id, both[1].receipt.id);
  await processAll();
  t.equal((await reader.history(both[0].receipt.id)).length, 1);
});

await t.test('a key whose first order could not be logged is free again', async (t) => {
  const service = await startSmallService(t);
  let isDown = true;
  const shaky = withAppend(service.log, (record) =>
    isDown ? Promise.reject(new Error('down')) : service.log.append(record),
  );
  const { intake } = service.replica(shaky);
  await t.rejects(keyed(intake), { message: 'down' });
  isDown = false;
  t.match(await keyed(intake), { replayed: false });
});

await t.test('on a log that cannot look up keys, the first status tells who came first', async (t) => {
  const service = await startSmallService(t);
  const withoutFind = withAppend(service.log, (record) => service.log.append(record));

  await t.test('when nobody processes, a repeat is answered as new, with the same id', async (t) => {
    const [one, other] = [service.replica(withoutFind, 100), service.replica(withoutFind, 100)];
    const [first, repeat] = await Promise.all([keyed(one.intake), keyed(other.intake)]);
    t.equal(first.receipt.id, repeat.receipt.id);
  });

  await t.test('when it is processed meanwhile, the second replica learns that it is second', async (t) => {
    const [one, other] = [service.replica(withoutFind, 30_000), service.replica(withoutFind, 30_000)];
    const placing = (replica: typeof one, merchantId: string) =>
      replica.intake.placing.place(anOrder({ merchantId }), { caller: 'alice', idempotencyKey: 'key-2' });
    const appended = nextAppends(service.log, 2);
    const first = placing(one, 'm-9');
    await appended.reached(1);
    const conflicting = placing(other, 'm-other').catch((error: unknown) => error);
    await appended.reached(2);
    await service.processAll([one.hub, other.hub]);
    t.match(await first, { replayed: false });
    t.match(await conflicting, { code: 'idempotency-key-reused' });
  });
});

/** The log with another `append`, and without `find`. */
function withAppend(log: EventLog, append: EventLog['append']): EventLog {
  return {
    progressName: (topic) => log.progressName(topic),
    start: () => log.start(),
    stop: () => log.stop(),
    append,
    consumer: (topic, handlers) => log.consumer(topic, handlers),
    follow: (topic, onRecords) => log.follow(topic, onRecords),
    ends: (topic) => log.ends(topic),
    fault: () => log.fault(),
    pendingAppends: () => log.pendingAppends(),
  };
}

/** Tells when so many appends were acknowledged from now on. */
function nextAppends(log: EventLog, count: number) {
  const waiting = Array.from({ length: count }, () => {
    let resolve: () => void = () => undefined;
    const promise = new Promise<void>((settle) => (resolve = settle));
    return { promise, resolve };
  });
  let recentOrders = 0;
  const append = log.append.bind(log);
  log.append = async (record) => {
    const position = await append(record);
    waiting[recentOrders++]?.resolve();
    return position;
  };
  return { reached: (number: number) => waiting[number - 1]?.promise };
}
