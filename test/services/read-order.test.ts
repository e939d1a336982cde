import { randomUUID } from 'node:crypto';
import t from 'tap';
import { anOrder } from '../support/order-client.ts';
import { startSmallService } from '../support/small-service.ts';

await t.test('an recentOrders order is never unknown', async (t) => {
  const service = await startSmallService(t);
  const { receipt } = await service.intake.placing.place(anOrder(), { caller: 'alice' });
  const { id, position } = receipt;
  const { intake: other } = service.replica();

  await t.test('to the replica that took it', async (t) => {
    t.same(await service.intake.reading.read(id), { id, status: 'accepted', version: 0 });
  });
  await t.test('to another one that is told its position', async (t) => {
    t.same(await other.reading.read(id, position), { id, status: 'accepted', version: 0 });
  });
  await t.test('to another one whose log can look it up', async (t) => {
    t.same(await other.reading.read(id), { id, status: 'accepted', version: 0 });
  });
  await service.processAll();
  await t.test('to anybody once it is stored', async (t) => {
    for (const { reading } of [service.intake, other])
      t.match(await reading.read(id), { status: 'confirmed', version: 1 });
  });
});

await t.test(
  'an order that nobody placed is not found, also with a position that is processed',
  async (t) => {
    const { intake, processAll } = await startSmallService(t);
    const { receipt } = await intake.placing.place(anOrder(), { caller: 'alice' });
    await processAll();
    await t.rejects(intake.reading.read(randomUUID()), { code: 'order-not-found' });
    await t.rejects(intake.reading.read(randomUUID(), receipt.position), { code: 'order-not-found' });
  },
);

await t.test('wishes for an order', async (t) => {
  const { intake, reader, processAll } = await startSmallService(t);
  const { receipt } = await intake.placing.place(anOrder(), { caller: 'alice' });

  await t.test('are taken while it is accepted, whatever they are, and decided in their turn', async (t) => {
    const taken = await intake.transitions.request(receipt.id, { to: 'cancelled', expectedVersion: 0 });
    t.match(taken, { id: receipt.id, status: 'accepted', version: 0, requested: 'cancelled' });
    await intake.transitions.request(receipt.id, { to: 'delivered' });
    await processAll();
    t.same(
      (await reader.history(receipt.id)).map(({ status }) => status),
      ['confirmed', 'cancelled'],
    );
  });
  await t.test('are refused early when what is stored makes them hopeless', async (t) => {
    await t.rejects(intake.transitions.request(receipt.id, { to: 'preparing' }), {
      code: 'transition-not-allowed',
    });
    await t.rejects(intake.transitions.request(receipt.id, { to: 'preparing', expectedVersion: 1 }), {
      code: 'version-mismatch',
    });
    await t.rejects(intake.transitions.request(randomUUID(), { to: 'preparing' }), {
      code: 'order-not-found',
    });
  });
});

await t.test('waiting for an order', async (t) => {
  const { intake, hub, processAll } = await startSmallService(t);
  const { receipt } = await intake.placing.place(anOrder(), { caller: 'alice' });

  await t.test('ends without it when the time is up', async (t) => {
    t.equal(await intake.awaiting.processed(receipt.id, 30), undefined);
    t.equal(hub.watcherCount, 0, 'nobody is left watching');
  });
  await t.test('ends with it as soon as it is processed', async (t) => {
    const waiting = intake.awaiting.processed(receipt.id, 20_000);
    await processAll();
    t.match(await waiting, { id: receipt.id, status: 'confirmed' });
  });
  await t.test('is not needed when it was processed before', async (t) => {
    t.match(await intake.awaiting.processed(receipt.id, 20_000), { status: 'confirmed' });
    t.equal(hub.watcherCount, 0);
  });
});
