import type { Test } from 'tap';
import { allOrders } from '../support/all-orders.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { OrderClient } from '../support/order-client.ts';
import type { OrderLoad } from '../support/order-load.ts';
import type { ServiceProcess } from '../../tools/support/service-process.ts';

/** Every acknowledged order is there once and confirmed; an order that nobody was told of may be there too. */
export async function nothingLost(t: Test, load: OrderLoad, url: string): Promise<void> {
  const client = new OrderClient(url);
  const last = load.acknowledged.at(-1);
  t.ok(last, 'orders were acknowledged');
  const acknowledged = load.acknowledged.map(({ id }) => id);
  const confirmed = async () => {
    const found = await allOrders(client, load.customerId);
    const ids = new Set(found.filter(({ status }) => status === 'confirmed').map(({ id }) => id));
    return acknowledged.every((id) => ids.has(id));
  };
  await eventually(confirmed, { what: 'every acknowledged order to be confirmed', timeoutMs: 60_000 });
  const found = await allOrders(client, load.customerId);
  t.equal(new Set(acknowledged).size, acknowledged.length, 'no id was given out twice');
  t.equal(new Set(found.map(({ id }) => id)).size, found.length, 'no order is there twice');
  t.same(
    found.filter(({ status, version }) => status !== 'confirmed' || version !== 1),
    [],
    'every order was confirmed exactly once',
  );
  t.comment(`${acknowledged.length} acknowledged, ${found.length} stored, answers ${describe(load)}`);
}

function describe(load: OrderLoad): string {
  return [...load.answers].map(([status, count]) => `${status}: ${count}`).join(', ');
}

/** Kills the service under load again and again; it is started anew on the same data each time. */
export async function killAgainAndAgain(
  load: OrderLoad,
  start: () => Promise<ServiceProcess>,
  first: ServiceProcess,
  kills: number,
): Promise<ServiceProcess> {
  let service = first;
  for (let kill = 1; kill <= kills; kill += 1) {
    const target = load.acknowledged.length + 20 + Math.floor(Math.random() * 200);
    await eventually(() => load.acknowledged.length >= target, {
      what: 'the load to flow',
      timeoutMs: 60_000,
    });
    await service.kill();
    service = await start();
    load.redirect(service.url);
  }
  return service;
}
