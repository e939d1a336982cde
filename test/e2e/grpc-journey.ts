import { status } from '@grpc/grpc-js';
import type { Test } from 'tap';
import { GrpcClient } from '../support/grpc-client.ts';
import { anOrder, type OrderClient } from '../support/order-client.ts';

/**
 * An order over gRPC: placed at one replica, watched at another, and resumed at the first. With one process both addresses
 * are the same.
 */
export async function grpcJourney(
  t: Test,
  http: OrderClient,
  [address, otherAddress = address]: [string, string?],
): Promise<void> {
  const [here, there] = [await GrpcClient.to(address), await GrpcClient.to(otherAddress)];
  t.teardown(() => [here, there].forEach((client) => client.close()));

  await t.test(
    'a watcher resumes at another replica and sees the order up to its final status',
    async (t) => {
      const { id: orderId, logPosition } = await here.create(anOrder());
      const first = there.watchOrder({ orderId, logPosition });
      // Version 1 comes as a snapshot or as a change.
      while ((await first.received(1)).at(-1)?.endsWith(' 1') !== true)
        await first.received(first.story.length + 1);
      first.cancel();
      await first.ended();
      await http.transition(orderId, 'preparing');
      const second = here.watchOrder({ orderId, resumeToken: first.resumeToken });
      t.same(await second.received(1), ['preparing 2']);
      await here.transition({ orderId, to: 'ORDER_STATUS_CANCELLED' });
      t.equal((await second.ended()).code, status.OK);
      t.same(second.story, ['preparing 2', 'cancelled 3']);
      t.match((await http.order(orderId)).body, { status: 'cancelled', version: 3 });
    },
  );

  await t.test('a customer watches orders that another replica accepts', async (t) => {
    const customerId = `c-${crypto.randomUUID()}`;
    const watcher = there.watchOrders({ customerId });
    await watcher.begun();
    await Promise.all(Array.from({ length: 5 }, () => here.create(anOrder({ customerId }))));
    t.same(
      await watcher.received(5),
      Array.from({ length: 5 }, () => 'confirmed 1'),
    );
    watcher.cancel();
    t.equal((await here.list({ customerId })).orders.length, 5);
  });

  await t.test('HTTP and gRPC share idempotency keys', async (t) => {
    const idempotencyKey = crypto.randomUUID();
    const first = await here.create({ ...anOrder(), idempotencyKey });
    const again = await http.place(anOrder(), { 'idempotency-key': idempotencyKey });
    t.equal(again.body.id, first.id);
    t.equal(again.headers.get('idempotent-replayed'), 'true');
  });
}
