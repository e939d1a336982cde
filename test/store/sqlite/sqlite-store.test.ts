import t from 'tap';
import { storeConformance } from '../store-conformance.ts';
import { makeSqliteStore } from './make-store.ts';

await t.test('SQLite guarantees what every store does', (t) => storeConformance(t, makeSqliteStore));
