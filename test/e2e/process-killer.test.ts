import { join } from 'node:path';
import t, { type Test } from 'tap';
import { within } from '../../src/base/within.ts';
import type { NewOrder } from '../../src/order/order.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

t.setTimeout(400_000);

const PROCESSOR = new URL('../../../test/fixtures/killing-processor.mjs', import.meta.url).pathname;

/**
 * For one killer six: one dies without a trace, one is counted, three record the order, and one gives it up. A second killer
 * needs up to three more that record it.
 */
const MAX_STARTS = 9;

const MAX_ATTEMPTS = 5;

interface DeadLetters {
  data: { orderId: string; reason: string; error: string }[];
}

/** A service whose processor is killed by some orders; the test restarts it. */
class KilledService {
  starts = 0;
  folder: string;
  readonly #root: string;
  readonly #settings: Record<string, string>;

  constructor(folder: string, settings: Record<string, string> = {}) {
    this.#root = folder;
    this.folder = folder;
    this.#settings = settings;
  }

  start(): Promise<ServiceProcess> {
    this.starts += 1;
    return ServiceProcess.start('all', {
      DATA_DIR: this.folder,
      PROCESSOR,
      DEAD_LETTER_FLOOD_PERCENT: '100',
      MAX_EVENT_LOOP_DELAY_MS: '0',
      RETRY_BASE_MS: '50',
      RETRY_CAP_MS: '100',
      ...this.#settings,
    });
  }

  /** Places the orders in one request. Their call may end the process before the answer is sent: then it starts again, empty. */
  async accept(orders: NewOrder[]): Promise<string[]> {
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      this.folder = join(this.#root, String(attempt));
      const service = await this.start();
      this.starts = 1;
      const answer = await new OrderClient(service.url)
        .post<{ results: { id: string }[] }>('/v1/orders/batch', { orders })
        .catch(() => undefined);
      if (!(await within(service.exited, 60_000))) {
        await service.kill();
        throw new Error(`No order has killed the service. Its output:\n${service.output}`);
      }
      if (answer === undefined) continue;
      if (answer.status !== 207) throw new Error(`The orders were not accepted: ${answer.status}`);
      return answer.body.results.map(({ id }) => id);
    }
    throw new Error('The service was killed before each answer.');
  }

  /** Restarts the service after each death until it has processed all orders; returns the last one. */
  async restartUntilProcessed(orderIds: string[], maxStarts: number): Promise<ServiceProcess> {
    while (this.starts < maxStarts) {
      const service = await this.start().catch(() => undefined);
      if (service === undefined) continue;
      const client = new OrderClient(service.url);
      const isDone = async () => {
        for (const id of orderIds) {
          if ((await client.order(id)).body.status === 'accepted') return false;
        }
        return true;
      };
      const processed = eventually(isDone, { what: 'the orders to be processed', timeoutMs: 60_000 }).then(
        () => service,
        () => undefined,
      );
      const survivor = await Promise.race([processed, service.exited.then(() => undefined)]);
      if (survivor !== undefined) return survivor;
      await service.kill();
    }
    throw new Error(`After ${this.starts} starts some orders are not processed.`);
  }
}

/** Numbered, so that they go to all partitions and lanes. */
function orders(count: number, killers: ReadonlyMap<number, string>): NewOrder[] {
  return Array.from({ length: count }, (_, n) => anOrder({ merchantId: killers.get(n) ?? 'm-1' }));
}

async function assertOnlyKillersFailed(
  t: Test,
  service: ServiceProcess,
  orderIds: string[],
  killers: ReadonlyMap<number, string>,
) {
  const client = new OrderClient(service.url);
  const killed = [...killers.keys()].map((n) => orderIds[n]);
  const { data } = (await client.get<DeadLetters>('/v1/dead-letters')).body;
  t.same(data.map(({ orderId }) => orderId).sort(), killed.sort(), 'the killers are dead letters');
  for (const { reason, error } of data) {
    t.equal(reason, 'processor-failed');
    t.match(error, /The process ended 3 times while it processed this order/);
  }
  for (const id of orderIds) {
    const expected = killed.includes(id) ? 'failed' : 'confirmed';
    const { status } = (await client.order(id)).body;
    if (status !== expected) t.fail(`order ${id} is ${status}`);
  }
  t.equal((await client.get('/readyz')).status, 200);
}

await t.test(
  `orders that kill the process, a new one and a retried one, are dead letters after at most ${MAX_STARTS} starts`,
  async (t) => {
    const killers = new Map([
      [20, 'killer'],
      [57, 'late-killer'],
    ]);
    const killed = new KilledService(await temporaryFolder(t), { WORKER_THREADS: '2' });
    const orderIds = await killed.accept(orders(100, killers));
    const service = await killed.restartUntilProcessed(orderIds, MAX_STARTS);
    t.teardown(() => service.kill());
    t.comment(`${killed.starts} starts`);
    await assertOnlyKillersFailed(t, service, orderIds, killers);
  },
);

await t.test('so is an order that kills the process after its slow call has left its batch', async (t) => {
  const killers = new Map([[3, 'slow-killer']]);
  const killed = new KilledService(await temporaryFolder(t), { WORKER_THREADS: '2' });
  const orderIds = await killed.accept(orders(12, killers));
  const service = await killed.restartUntilProcessed(orderIds, MAX_STARTS);
  t.teardown(() => service.kill());
  await assertOnlyKillersFailed(t, service, orderIds, killers);
});

await t.test('kill -9 of an idle service turns no order into a dead letter', async (t) => {
  const idle = new KilledService(await temporaryFolder(t));
  for (let kill = 0; kill < 2; kill += 1) {
    const service = await idle.start();
    const { body } = await new OrderClient(service.url).place(anOrder(), { prefer: 'wait=20' });
    t.equal(body.status, 'confirmed');
    await service.kill();
  }
  const service = await idle.start();
  t.teardown(() => service.kill());
  const client = new OrderClient(service.url);
  t.same((await client.get<DeadLetters>('/v1/dead-letters')).body.data, []);
  t.equal((await client.place(anOrder(), { prefer: 'wait=20' })).body.status, 'confirmed');
});
