import { PassThrough } from 'node:stream';
import { pino } from 'pino';
import t from 'tap';
import { createEventCodec } from "../../src/order/events.js";
import { watchFirstChange } from "../../src/status/first-change.js";
import { StatusHub } from "../../src/status/status-hub.js";
const codec = createEventCodec();
function change(orderId, version) {
    const cause = { partition: 0, offset: version };
    return {
        orderId,
        customerId: 'c',
        merchantId: 'm',
        status: 'confirmed',
        version,
        at: 0,
        reason: null,
        cause,
    };
}
function record(orderId, version) {
    return {
        key: Buffer.from(orderId),
        value: Buffer.from(codec.encodeStatusChange(change(orderId, version))),
    };
}
function createHub(maxWatchers = 10) {
    const lines = new PassThrough();
    return { hub: new StatusHub({ codec, maxWatchers, logger: pino(lines) }), lines };
}
await t.test('a watcher gets the changes of its order, until it stops', async (t) => {
    const { hub } = createHub();
    const seen = [];
    const unwatch = hub.watch('a', ({ version }) => seen.push(version));
    hub.publish([record('a', 1), record('b', 1), record('a', 2)]);
    unwatch?.();
    unwatch?.();
    hub.publish([record('a', 3)]);
    t.same(seen, [1, 2]);
    t.equal(hub.watcherCount, 0);
});
await t.test('there is a bound on watchers', async (t) => {
    const { hub } = createHub(1);
    const first = hub.watch('a', () => undefined);
    t.equal(hub.watch('a', () => undefined), undefined);
    t.equal(await watchFirstChange(hub, 'a').within(10_000), undefined, 'waiting ends at once');
    first?.();
    t.type(hub.watch('a', () => undefined), 'function');
});
await t.test('a record that is not a status event is logged and stops nobody', async (t) => {
    const { hub, lines } = createHub();
    const seen = [];
    hub.watch('a', ({ version }) => seen.push(version));
    hub.publish([
        { key: Buffer.from('a'), value: Buffer.from('{}') },
        { key: null, value: null },
        record('a', 1),
    ]);
    t.same(seen, [1]);
    t.match(String(lines.read()), /not a status event/);
});
await t.test('an unwatched order is not even decoded', async (t) => {
    const { hub, lines } = createHub();
    hub.watch('b', () => undefined);
    hub.publish([{ key: Buffer.from('a'), value: Buffer.from('not json') }]);
    t.equal(lines.read(), null);
});
await t.test('the first change is seen, whether it comes before or after the waiting begins', async (t) => {
    const { hub } = createHub();
    const early = watchFirstChange(hub, 'a');
    hub.publish([record('a', 1), record('a', 2)]);
    t.match(await early.within(10_000), { version: 1 });
    early.cancel();
    const late = watchFirstChange(hub, 'a');
    const waiting = late.within(10_000);
    hub.publish([record('a', 3)]);
    t.match(await waiting, { version: 3 });
    late.cancel();
    const never = watchFirstChange(hub, 'a');
    t.equal(await never.within(5), undefined);
    const cancelled = never.within(10_000);
    never.cancel();
    t.equal(await cancelled, undefined);
    t.equal(hub.watcherCount, 0);
});
//# sourceMappingURL=status-hub.test.js.map