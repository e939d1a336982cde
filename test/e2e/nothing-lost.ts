import type { Test } from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { allOrders } from '../support/all-orders.ts';
import { OrderClient } from '../support/order-client.ts';
import { OrderLoad } from '../support/order-load.ts';

/** Kills the service again and again under load and restarts it on the same data; no acknowledged order may be lost. */
export async function crashRepeatedly(
  t: Test,
  environment: Record<string, string>,
  kills: number,
): Promise<void> {
  const start = async () => {
    const service = await ServiceProcess.start('all', environment);
    t.teardown(() => service.kill());
    return service;
  };
  let service = await start();
  const load = new OrderLoad(service.url, { customerId: 'c-crash', lines: 16 });
  t.teardown(() => load.stop());
  for (let kill = 1; kill <= kills; kill += 1) {
    const target = load.acknowledged.length + 20 + Math.floor(Math.random() * 200);
    await eventually(() => load.acknowledged.length >= target, {
      what: 'orders to be acknowledged',
      timeoutMs: 60_000,
    });
    await service.kill();
    service = await start();
    load.redirect(service.url);
  }
  await load.stop();
  await assertNothingLost(t, load, service.url);
}

/** Every acknowledged order is stored once and confirmed. Orders without a response may be stored as well. */
export async function assertNothingLost(t: Test, load: OrderLoad, url: string): Promise<void> {
  const client = new OrderClient(url);
  const acknowledged = load.acknowledged.map(({ id }) => id);
  t.ok(acknowledged.length > 0, 'orders were acknowledged');
  const areConfirmed = async () => {
    const stored = await allOrders(client, load.customerId);
    const ids = new Set(stored.filter(({ status }) => status === 'confirmed').map(({ id }) => id));
    return acknowledged.every((id) => ids.has(id));
  };
  await eventually(areConfirmed, { what: 'every acknowledged order to be confirmed', timeoutMs: 60_000 });
  const stored = await allOrders(client, load.customerId);
  t.equal(new Set(acknowledged).size, acknowledged.length, 'every acknowledgement has its own id');
  t.equal(new Set(stored.map(({ id }) => id)).size, stored.length, 'no order is stored twice');
  t.same(
    stored.filter(({ status, version }) => status !== 'confirmed' || version !== 1),
    [],
    'every order was confirmed exactly once',
  );
  const answers = [...load.answers].map(([status, count]) => `${status}: ${count}`).join(', ');
  t.comment(`${acknowledged.length} acknowledged, ${stored.length} stored, answers ${answers}`);
}
