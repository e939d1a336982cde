import t from 'tap';
import { storeConformance } from "../store-conformance.js";
import { makeSqliteStore } from "./make-store.js";
await t.test('SQLite keeps what every store promises', (t) => storeConformance(t, makeSqliteStore));
//# sourceMappingURL=sqlite-store.test.js.map