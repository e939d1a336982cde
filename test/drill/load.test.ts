import t from 'tap';
import { Client } from './client.ts';
import { Ledger } from './ledger.ts';
import { MAX_CONCURRENT_ORDERS, runLoad } from './load.ts';
import { createOrderMix } from './order-mix.ts';

const nextOrder = createOrderMix(1, 'healthy');

/** At one order a second the throttle would hold the last one for minutes, longer than this test may take. */
await t.test('the load ends with its signal, however many orders the throttle holds', async (t) => {
  const ledger = new Ledger();
  const timeOver = new AbortController();
  const { signal } = timeOver;
  const addresses = () => {
    timeOver.abort();
    return [];
  };
  const client = new Client({ name: 'load', addresses, ledger, maxConnections: 1, signal });
  t.teardown(() => client.close());
  await runLoad({ client, ledger, nextOrder, rate: 1, signal });
  const { length } = ledger.entries;
  t.ok(length > 0 && length < MAX_CONCURRENT_ORDERS, `${length} orders`);
});

await t.test('a load whose signal is already aborted places nothing', async (t) => {
  const ledger = new Ledger();
  const signal = AbortSignal.abort();
  const client = new Client({ name: 'load', addresses: () => [], ledger, maxConnections: 1, signal });
  t.teardown(() => client.close());
  await runLoad({ client, ledger, nextOrder, rate: 1, signal });
  t.same(ledger.entries, []);
});
