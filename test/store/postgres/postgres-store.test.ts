import t from 'tap';
import { PostgresServer } from '../../../tools/support/postgres.ts';
import { storeConformance } from '../store-conformance.ts';
import { emptyStore, storeUnderTest } from './make-store.ts';

t.setTimeout(300_000);

const server = await PostgresServer.start(t);
const target = await server.createStore();

await t.test('PostgreSQL guarantees what every store does', { timeout: 300_000 }, (t) =>
  storeConformance(t, async (t) => {
    // Faster than a database per test.
    await emptyStore(server, target);
    return storeUnderTest(t, target);
  }),
);
