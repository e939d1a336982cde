import { once } from 'node:events';
import { connect, constants, type ClientHttp2Stream, type OutgoingHttpHeaders } from 'node:http2';
import { setImmediate } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { loadOrdersApi } from '../../src/grpc/orders-api.ts';
import type { OrderEvent__Output } from '../../src/grpc/generated/orders/v1/OrderEvent.ts';
import { WatchService } from '../../src/services/watch-service.ts';
import type { Watch } from '../../src/services/watch.ts';
import { createEventCodec } from '../../src/order/events.ts';
import { ORDER_STATUSES } from '../../src/order/lifecycle.ts';
import { createLogger } from '../../src/base/logger.ts';
import { StatusHub } from '../../src/status/status-hub.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { aPrincipal, bearer, KnownCredentials } from '../support/known-credentials.ts';
import { startSmallService } from '../support/small-service.ts';
import { startGrpc } from './grpc-under-test.ts';

const ORDERS = 100;
const VERSIONS = 400;

/** The window of an HTTP/2 stream, plus more than the queues of Node's streams and of sixteen messages hold. */
const MAX_BYTES_IN_TRANSIT = 65_535 + 64 * 1024;

/** Bytes; every event of this test is larger. */
const SMALLEST_EVENT = 40;

/** A client that opens a stream and does not read yet. */
async function stuckReader(
  t: Test,
  address: string,
  headers: OutgoingHttpHeaders = {},
): Promise<ClientHttp2Stream> {
  const { watch } = await loadOrdersApi();
  const session = connect(`http://${address}`);
  t.teardown(() => session.destroy());
  const stream = session.request({
    ':method': 'POST',
    ':path': watch.WatchOrders.path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  const request = watch.WatchOrders.requestSerialize({});
  const head = Buffer.alloc(5);
  head.writeUInt32BE(request.length, 1);
  stream.end(Buffer.concat([head, request]));
  await once(stream, 'response');
  return stream;
}

/** Counts the items taken from watches of many orders. */
function counting(watchService: WatchService) {
  let taken = 0;
  const counted = (watch: Watch): Watch => ({
    take(turn) {
      const item = watch.take(turn);
      if (item !== undefined) taken += 1;
      return item;
    },
    onReadable: (listener) => watch.onReadable(listener),
    end: () => watch.end(),
    token: () => watch.token(),
    close: () => watch.close(),
  });
  const watchOrder: WatchService['watchOrder'] = (...args) => watchService.watchOrder(...args);
  const watchOrders: WatchService['watchOrders'] = async (...args) =>
    counted(await watchService.watchOrders(...args));
  return { watchService: { watchOrder, watchOrders }, taken: () => taken };
}

/** How many events were written when the server writes no more. */
async function writtenUntilStuck(taken: () => number): Promise<number> {
  let looks = 0;
  let written = 0;
  await eventually(
    () => {
      looks = taken() === written ? looks + 1 : 0;
      written = taken();
      return written > 0 && looks === 50;
    },
    { what: 'the server to write no more' },
  );
  return written;
}

async function publishAll(hub: StatusHub): Promise<void> {
  const codec = createEventCodec();
  const status = ORDER_STATUSES[1];
  for (let version = 1; version <= VERSIONS; version += 1) {
    const records = Array.from({ length: ORDERS }, (_, index) => {
      const offset = (version - 1) * ORDERS + index;
      const change = {
        orderId: `order-${index}`,
        customerId: 'c',
        merchantId: 'm',
        status,
        version,
        at: offset,
        reason: null,
        cause: { partition: 0, offset },
      };
      const value = Buffer.from(codec.encodeStatusChange(change));
      return { partition: 0, offset, key: Buffer.from(change.orderId), value };
    });
    hub.publish(records);
    await setImmediate();
  }
}

await t.test(
  'invariant 9: a reader that does not read costs bounded memory, and gets the latest versions in the end',
  async (t) => {
    const { reader, orderService } = await startSmallService(t);
    const hub = new StatusHub({ codec: createEventCodec(), maxWatchers: 10, logger: createLogger('silent') });
    const { watchService, taken } = counting(new WatchService({ hub, orders: orderService, reader }));
    const { address } = await startGrpc(t, { watchService });
    const { watch } = await loadOrdersApi();
    const stream = await stuckReader(t, address);

    await publishAll(hub);
    const total = ORDERS * VERSIONS;
    const written = await writtenUntilStuck(taken);
    t.ok(written * SMALLEST_EVENT < MAX_BYTES_IN_TRANSIT, `${written} of ${total} events were written`);

    const versions = new Map<string, number>();
    let count = 0;
    let rest = Buffer.alloc(0);
    stream.on('data', (bytes: Buffer) => {
      rest = Buffer.concat([rest, bytes]);
      while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
        const end = 5 + rest.readUInt32BE(1);
        const { change }: OrderEvent__Output = watch.WatchOrders.responseDeserialize(rest.subarray(5, end));
        rest = rest.subarray(end);
        if (!change) continue;
        count += 1;
        if (change.version <= (versions.get(change.orderId) ?? 0)) t.fail(`${change.orderId} goes back`);
        versions.set(change.orderId, change.version);
      }
    });
    await eventually(
      () => versions.size === ORDERS && [...versions.values()].every((version) => version === VERSIONS),
      { what: 'the latest version of every order' },
    );
    t.ok(count < total, `${count} of ${total} changes were sent, the others were folded`);
  },
);

await t.test('a reader that does not read loses its stream soon after its credentials end', async (t) => {
  const { reader, orderService } = await startSmallService(t);
  const hub = new StatusHub({ codec: createEventCodec(), maxWatchers: 10, logger: createLogger('silent') });
  const { watchService, taken } = counting(new WatchService({ hub, orders: orderService, reader }));
  const authenticator = new KnownCredentials({ ada: aPrincipal() });
  const { address } = await startGrpc(t, { watchService, authenticator, responseTimeoutMs: 400 });
  const stream = await stuckReader(t, address, bearer('ada'));
  stream.on('error', () => undefined);
  await publishAll(hub);
  await writtenUntilStuck(taken);

  authenticator.end('ada');
  t.equal(hub.watcherCount, 0);
  await eventually(() => stream.rstCode === constants.NGHTTP2_CANCEL, {
    what: 'the reset',
    timeoutMs: 5_000,
  });
});
