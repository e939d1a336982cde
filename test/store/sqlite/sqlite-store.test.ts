import t from 'tap';
import { storeConformance } from '../store-conformance.ts';
import { makeSqliteStore } from './make-store.ts';

await t.test('SQLite keeps what every store promises', (t) => storeConformance(t, makeSqliteStore));
