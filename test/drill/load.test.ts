import t from 'tap';
import { Caller } from './caller.ts';
import { Ledger } from './ledger.ts';
import { MAX_LINES, runLoad } from './load.ts';
import { createOrderMix } from './order-mix.ts';

/** At one order a second the last line waits for minutes for its turn, which is longer than a test may take. */
await t.test('the load ends with its signal, however many lines wait for their turn', async (t) => {
  const ledger = new Ledger();
  const over = new AbortController();
  const { signal } = over;
  const addresses = () => {
    over.abort();
    return [];
  };
  const caller = new Caller({ name: 'load', addresses, ledger, maxConnections: 1, signal });
  t.teardown(() => caller.close());
  await runLoad({ caller, ledger, nextOrder: createOrderMix(1, 'healthy'), rate: 1, signal });
  t.ok(ledger.entries.length > 0 && ledger.entries.length < MAX_LINES, `${ledger.entries.length} orders`);
});

await t.test('a load that is over before it begins places nothing', async (t) => {
  const ledger = new Ledger();
  const signal = AbortSignal.abort();
  const caller = new Caller({ name: 'load', addresses: () => [], ledger, maxConnections: 1, signal });
  t.teardown(() => caller.close());
  await runLoad({ caller, ledger, nextOrder: createOrderMix(1, 'healthy'), rate: 1, signal });
  t.same(ledger.entries, []);
});
