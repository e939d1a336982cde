import { atRate } from '../at-rate.ts';
import type { Attack } from '../attack.ts';
import { hostileCall, hostileSession } from '../hostile-connections.ts';
import { placeSmallOrders } from '../hostile-orders.ts';
import { hostileRequest, type HostileRequest } from '../hostile-request.ts';

const HTTP_FLOOD = { perSecond: 500, maxInFlight: 100 };
const GRPC_FLOOD = { perSecond: 1_000, maxInFlight: 200 };

const UNCOUNTED: readonly [path: string, request?: HostileRequest][] = [
  ['/no/such/path'],
  ['/v1/orders', { method: 'OPTIONS' }],
  ['/docs'],
  ['/docs/static/swagger-ui-bundle.js'],
  ['/openapi.json'],
  ['/'],
  ['/metrics'],
  ['/readyz'],
  ['/v1/orders', { method: 'DELETE' }],
];

export const cheapPages: Attack = {
  name: 'cheap-pages',
  does: `asks for unknown paths, OPTIONS, documentation and metrics, ${HTTP_FLOOD.perSecond} times a second`,
  run: (scene) => flood(scene, UNCOUNTED),
};

const EXPENSIVE: readonly [path: string, request?: HostileRequest][] = [
  ['/v1/orders?limit=100'],
  ['/v1/orders?customerId=c-hostile&merchantId=m-none&status=cancelled&limit=100'],
  ['/v1/orders?status=delivered&merchantId=m-9&createdBefore=2099-01-01T00:00:00Z&limit=100'],
  ['/v1/orders?createdAfter=1970-01-01T00:00:00Z&limit=100'],
  ['/v1/stats'],
  ['/v1/stats?seconds=10'],
  ['/v1/dead-letters?limit=100'],
  ['/v1/retrying-orders?limit=100'],
  ['/v1/partitions'],
  ['/v1/replicas'],
  ['/v1/dead-letters?reason=none&failedAfter=1970-01-01T00:00:00Z&limit=100'],
];

export const expensiveQueries: Attack = {
  name: 'expensive-queries',
  does: `lists orders by rare filters, reads statistics and dead letters, ${HTTP_FLOOD.perSecond} times a second`,
  async prepare(scene) {
    await placeSmallOrders(scene, 3_000);
    return '';
  },
  run: (scene) => flood(scene, EXPENSIVE),
};

const CALLS: readonly [path: string, message: Buffer][] = [
  // page_size 100
  ['/orders.v1.OrderService/ListOrders', Buffer.from([0x30, 100])],
  ['/orders.v1.OrderService/GetOrder', stringField(1, '0199e6a2-0000-7000-8000-000000000000')],
  ['/orders.v1.OrderService/CreateOrder', stringField(1, 'c-hostile')],
  // Not a message.
  ['/orders.v1.OrderService/CreateOrder', Buffer.alloc(64, 0xff)],
  ['/orders.v1.OrderService/NoSuchMethod', Buffer.alloc(0)],
];

export const grpcFlood: Attack = {
  name: 'grpc-flood',
  does: `makes ${GRPC_FLOOD.perSecond} gRPC calls a second`,
  async prepare(scene) {
    await placeSmallOrders(scene, 1_000);
    return '';
  },
  async run(scene) {
    const sessions = [0, 0, 0, 0].map((from) => hostileSession(scene, from));
    scene.signal.addEventListener('abort', () => sessions.forEach((session) => session.destroy()), {
      once: true,
    });
    await atRate(scene, GRPC_FLOOD, async (index) => {
      const [path, message] = CALLS[index % CALLS.length] ?? ['/', Buffer.alloc(0)];
      let session = sessions[index % sessions.length];
      if (session === undefined || session.closed || session.destroyed) {
        session = hostileSession(scene, 0);
        sessions[index % sessions.length] = session;
      }
      await hostileCall(scene, session, path, message);
    });
  },
};

const ALL_IDS = Array.from({ length: 1_000 }, (_, index) => index + 1);

const BULK: readonly [path: string, request: HostileRequest][] = [
  { filter: {}, dryRun: true },
  { filter: { failedAfter: '1970-01-01T00:00:00Z', reason: 'none' } },
  { filter: { orderId: 'x'.repeat(64), failedBefore: '2099-01-01T00:00:00Z' }, ratePerSecond: 1 },
  { ids: ALL_IDS },
  { ids: ALL_IDS, filter: {} },
  { filter: { ['x'.repeat(1_000)]: {} } },
].flatMap((request): [string, HostileRequest][] => {
  const body = JSON.stringify(request);
  return ['/v1/dead-letters/replay', '/v1/dead-letters/discard'].map((path) => [path, { body }]);
});

export const bulkActions: Attack = {
  name: 'bulk-actions',
  does: 'replays and discards dead letters by hostile filters, 200 times a second',
  run: (scene) => flood(scene, BULK, { perSecond: 200, maxInFlight: 50 }),
};

function flood(
  scene: Parameters<Attack['run']>[0],
  requests: readonly [path: string, request?: HostileRequest][],
  rate = HTTP_FLOOD,
): Promise<void> {
  return atRate(scene, rate, async (index) => {
    const [path, request] = requests[index % requests.length] ?? ['/'];
    await hostileRequest(scene, path, request);
  });
}

/** A protobuf field of up to 127 bytes. */
function stringField(number: number, value: string): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2, value.length]), Buffer.from(value)]);
}
