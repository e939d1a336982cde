import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { ALL_ORDERS } from '../../src/order/access.ts';
import type { StatusChange } from '../../src/order/commands.ts';
import { decide, refuse, type DecidedCommand } from '../../src/order/decide.ts';
import { commandLog } from './arbitraries.ts';
import { LEGAL_STEPS } from './legal-steps.ts';
import { World } from './world.ts';

/** A log and the index at which to split it into two batches. */
const cutLog = fc.tuple(commandLog, fc.nat({ max: 40 }));

await t.test('no sequence of commands makes an illegal transition, and versions have no gaps', async (t) => {
  fc.assert(
    fc.property(cutLog, ([log, cut]) => {
      const world = new World();
      const changes = [...world.take(log.slice(0, cut)).changes, ...world.take(log.slice(cut)).changes];
      const last = new Map<string, StatusChange>();
      for (const change of changes) {
        const before = last.get(change.orderId);
        if (!LEGAL_STEPS.has(`${before?.status ?? 'accepted'} > ${change.status}`)) return false;
        if (change.version !== (before?.version ?? 0) + 1) return false;
        last.set(change.orderId, change);
      }
      return [...world.orders.values()].every(({ id, status, version }) => {
        const change = last.get(id);
        return change?.status === status && change.version === version;
      });
    }),
    { numRuns: 500 },
  );
  t.pass();
});

await t.test('a batch gives the same result as its commands one at a time', async (t) => {
  fc.assert(
    fc.property(commandLog, (log) => {
      const whole = new World();
      const single = new World();
      const batch = whole.take(log);
      const steps = log.map((command) => single.take([command]));
      assert.deepStrictEqual(
        batch.changes,
        steps.flatMap((step) => step.changes),
      );
      assert.deepStrictEqual(
        batch.refused,
        steps.flatMap((step) => step.refused),
      );
      assert.deepStrictEqual(
        batch.placed.map(({ command }) => command),
        steps.flatMap((s) => s.placed.map((p) => p.command)),
      );
      assert.deepStrictEqual(whole.orders, single.orders);
    }),
  );
  t.pass();
});

await t.test(
  'invariant 3: a redelivered batch changes nothing, alone or followed by newer commands',
  async (t) => {
    fc.assert(
      fc.property(cutLog, ([log, cut]) => {
        const world = new World();
        world.take(log.slice(0, cut));
        const nothing = { placed: [], moved: [], changes: [], refused: [] };
        assert.deepStrictEqual(world.take(log.slice(0, cut)), nothing);

        const straight = new World();
        straight.take(log);
        world.take(log);
        assert.deepStrictEqual(world.orders, straight.orders);
        assert.deepStrictEqual(world.take(log), nothing);
      }),
    );
    t.pass();
  },
);

await t.test(
  'every transition request is granted or refused once, and decide never changes its input',
  async (t) => {
    fc.assert(
      fc.property(commandLog, (log) => {
        const world = new World();
        const input = structuredClone(log);
        const { changes, refused } = world.take(log);
        assert.deepStrictEqual(log, input);
        const answered = [...changes.map(({ cause }) => cause), ...refused.map(({ position }) => position)];
        const requests = log.filter((entry) => !('outcome' in entry)).map(({ position }) => position);
        for (const request of requests)
          assert.equal(answered.filter((position) => position === request).length, 1);
      }),
      { numRuns: 50 },
    );
    t.pass();
  },
);

await t.test(
  'invariant 12: only an actor that may use an order changes it, and a customer only cancels',
  async (t) => {
    let granted = 0;
    fc.assert(
      fc.property(commandLog, (log) => {
        const world = new World();
        for (const entry of log) {
          const before = world.orders.get(entry.command.orderId);
          const { changes, refused } = world.take([entry]);
          if ('outcome' in entry) continue;
          const { actor, to } = entry.command;
          const isOwn =
            before !== undefined &&
            (actor.kind === 'all' ||
              (actor.kind === 'customer'
                ? actor.customerId === before.customerId
                : actor.merchantId === before.merchantId));
          const code = refused[0]?.code;
          assert.equal(code === 'order-not-found', !isOwn);
          assert.equal(code === 'access-denied', isOwn && actor.kind === 'customer' && to !== 'cancelled');
          if (actor.kind !== 'all') granted += changes.length;
        }
      }),
      { numRuns: 300 },
    );
    t.ok(granted > 50, 'many requests were granted');
  },
);

await t.test('the first order of an id wins, within a batch and across batches', async (t) => {
  const world = new World();
  const decision = world.take([place(1, 'a', 'first'), place(2, 'a', 'second')]);
  t.same(
    decision.placed.map(({ command }) => command.eventId),
    ['first'],
  );
  t.same(world.take([place(3, 'a', 'third')]), { placed: [], moved: [], changes: [], refused: [] });
  t.equal(world.orders.get('a')?.version, 1);
});

await t.test('an order placed and moved in one batch is one row with its latest version', async (t) => {
  const { placed, moved, changes } = new World().take([
    place(1, 'a', 'e'),
    move(2, 'a'),
    move(3, 'a', 'dispatched'),
  ]);
  t.same(
    placed.map(({ state }) => [state.status, state.version]),
    [['dispatched', 3]],
  );
  t.same(moved, []);
  t.same(
    changes.map(({ version, cause }) => [version, cause.offset]),
    [
      [1, 1],
      [2, 2],
      [3, 3],
    ],
  );
  t.pass();
});

await t.test(
  'a transition request for an unknown order, or below the progress, changes nothing',
  async (t) => {
    const { refused, changes } = new World().take([move(7, 'nobody')]);
    t.same(refused, [{ orderId: 'nobody', position: { partition: 0, offset: 7 }, code: 'order-not-found' }]);
    t.same(changes, []);
    t.same(decide(new Map(), new Map([[0, 8]]), [move(7, 'nobody')], 1).refused, []);
  },
);

await t.test(
  'refusals check in order: unknown order, its owner, what the actor may request, version, status',
  async (t) => {
    const parties = { customerId: 'c', merchantId: 'm' };
    const confirmed = { ...parties, status: 'confirmed', version: 1 } as const;
    const preparing = { ...parties, status: 'preparing', version: 2 } as const;
    const actor = ALL_ORDERS;
    t.equal(refuse(undefined, { to: 'cancelled', actor }), 'order-not-found');
    t.equal(refuse(undefined, { to: 'cancelled', expectedVersion: 0, actor }), 'order-not-found');
    t.equal(refuse(confirmed, { to: 'cancelled', actor }), undefined);
    t.equal(refuse(confirmed, { to: 'cancelled', expectedVersion: 1, actor }), undefined);
    t.equal(
      refuse(confirmed, { to: 'cancelled', expectedVersion: 0, actor }),
      undefined,
      'the caller saw it as accepted',
    );
    t.equal(refuse(preparing, { to: 'cancelled', expectedVersion: 0, actor }), 'version-mismatch');
    t.equal(refuse(preparing, { to: 'cancelled', expectedVersion: 1, actor }), 'version-mismatch');
    t.equal(refuse(preparing, { to: 'delivered', expectedVersion: 1, actor }), 'version-mismatch');
    t.equal(refuse(preparing, { to: 'delivered', expectedVersion: 2, actor }), 'transition-not-allowed');
    t.equal(refuse(confirmed, { to: 'dispatched', actor }), 'transition-not-allowed');
    const customer = { kind: 'customer', customerId: 'c' } as const;
    const merchant = { kind: 'merchant', merchantId: 'm' } as const;
    t.equal(refuse(confirmed, { to: 'cancelled', actor: customer }), undefined);
    t.equal(refuse(confirmed, { to: 'dispatched', expectedVersion: 9, actor: customer }), 'access-denied');
    t.equal(refuse(confirmed, { to: 'preparing', actor: merchant }), undefined);
    for (const stranger of [
      { kind: 'customer', customerId: 'm' },
      { kind: 'merchant', merchantId: 'c' },
    ] as const) {
      t.equal(refuse(confirmed, { to: 'delivered', expectedVersion: 9, actor: stranger }), 'order-not-found');
    }
  },
);

await t.test('only the replay of a dead letter confirms a failed order, and only once', async (t) => {
  const failed = { id: 'o-1', customerId: 'c', merchantId: 'm', status: 'failed', version: 1 } as const;
  const states = new Map([['o-1', failed]]);
  const changesOf = (commands: DecidedCommand[]) => decide(states, new Map(), commands, 9).changes;
  t.same(changesOf([place(1, 'o-1', 'e-1')]), [], 'a repeated order changes nothing');
  const replay = (offset: number) => ({ ...place(offset, 'o-1', 'e-1'), isReplay: true });
  t.match(changesOf([replay(1), replay(2)]), [{ status: 'confirmed', version: 2, cause: { offset: 1 } }]);
  t.equal(changesOf([replay(1), replay(2)]).length, 1);
});

function place(offset: number, orderId: string, eventId: string): DecidedCommand {
  const order = { customerId: 'c', merchantId: 'm', currency: 'INR', items: [], total: 0 };
  return {
    position: { partition: 0, offset },
    command: { kind: 'place', eventId, orderId, time: 5, order },
    outcome: { status: 'confirmed', reason: null },
  };
}

function move(offset: number, orderId: string, to: 'preparing' | 'dispatched' = 'preparing'): DecidedCommand {
  return {
    position: { partition: 0, offset },
    command: { kind: 'transition', eventId: `e-${offset}`, orderId, time: 5, to, actor: ALL_ORDERS },
  };
}
