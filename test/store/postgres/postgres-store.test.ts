import t from 'tap';
import { PostgresServer } from '../../../tools/support/postgres.ts';
import { storeConformance } from '../store-conformance.ts';
import { makePostgresStore } from './make-store.ts';

// One database per test, on a machine that is busy with other tests.
t.setTimeout(300_000);

const server = await PostgresServer.start(t);

await t.test('PostgreSQL guarantees what every store does', { timeout: 300_000 }, (t) =>
  storeConformance(t, (t) => makePostgresStore(t, server)),
);
