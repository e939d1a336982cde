import { deadLetterConformance } from "./conformance/dead-letters.js";
import { listingConformance } from "./conformance/listing.js";
import { progressConformance } from "./conformance/progress.js";
import { roundTripConformance } from "./conformance/round-trip.js";
import { writersConformance } from "./conformance/writers.js";
/** What every store promises; a store's own test file calls it with a way to make an empty one. */
export async function storeConformance(t, makeStore) {
    await t.test('what is saved is read back', (t) => roundTripConformance(t, makeStore));
    await t.test('progress fences every batch', (t) => progressConformance(t, makeStore));
    await t.test('lists are pages of one order', (t) => listingConformance(t, makeStore));
    await t.test('records that cannot be processed are kept', (t) => deadLetterConformance(t, makeStore));
    await t.test('several writers lose nothing', (t) => writersConformance(t, makeStore));
}
//# sourceMappingURL=store-conformance.js.map