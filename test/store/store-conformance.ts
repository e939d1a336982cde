import type { Test } from 'tap';
import { accessConformance } from './conformance/access.ts';
import { apiKeyConformance } from './conformance/api-keys.ts';
import { alignmentConformance } from './conformance/alignment.ts';
import { changesConformance } from './conformance/changes.ts';
import { deadLetterActionConformance } from './conformance/dead-letter-actions.ts';
import { deadLetterCountConformance, deadLetterListConformance } from './conformance/dead-letter-lists.ts';
import { deadLetterConformance } from './conformance/dead-letters.ts';
import { retryConformance } from './conformance/retries.ts';
import { lineageConformance } from './conformance/lineage.ts';
import { replayConformance } from './conformance/replays.ts';
import { largeOrderConformance } from './conformance/large-orders.ts';
import { listingConformance } from './conformance/listing.ts';
import { partitionOwnersConformance } from './conformance/partition-owners.ts';
import { operationsConformance } from './conformance/operations.ts';
import { progressConformance } from './conformance/progress.ts';
import { erasureConformance } from './conformance/erasure.ts';
import { retentionConformance } from './conformance/retention.ts';
import { roundTripConformance } from './conformance/round-trip.ts';
import { writersConformance } from './conformance/writers.ts';
import type { MakeStore } from './store-under-test.ts';

/** What every store guarantees. The test file of a store calls it once. */
export async function storeConformance(t: Test, makeStore: MakeStore): Promise<void> {
  await t.test('what is saved is read back', (t) => roundTripConformance(t, makeStore));
  await t.test('changes are numbered', (t) => changesConformance(t, makeStore));
  await t.test('resume tokens have something to be checked against', (t) => lineageConformance(t, makeStore));
  await t.test('progress fences every batch', (t) => progressConformance(t, makeStore));
  await t.test('a store knows which log filled it, and how far', (t) => alignmentConformance(t, makeStore));
  await t.test('lists are paged', (t) => listingConformance(t, makeStore));
  await t.test('callers read what their access allows', (t) => accessConformance(t, makeStore));
  await t.test('large orders are listed in small pages', (t) => largeOrderConformance(t, makeStore));
  await t.test('records that cannot be processed are stored as dead letters', (t) =>
    deadLetterConformance(t, makeStore),
  );
  await t.test('orders that failed for now are retried', (t) => retryConformance(t, makeStore));
  await t.test('replays resolve dead letters', (t) => replayConformance(t, makeStore));
  await t.test('dead letters are listed and selected by filters', (t) =>
    deadLetterListConformance(t, makeStore),
  );
  await t.test('dead letters are counted', (t) => deadLetterCountConformance(t, makeStore));
  await t.test('dead letters are replayed and discarded', (t) => deadLetterActionConformance(t, makeStore));
  await t.test('API keys are found until they are revoked', (t) => apiKeyConformance(t, makeStore));
  await t.test('partitions have owners', (t) => partitionOwnersConformance(t, makeStore));
  await t.test('operators see what waits, what failed and what runs', (t) =>
    operationsConformance(t, makeStore),
  );
  await t.test('closed orders are deleted when they are old', (t) => retentionConformance(t, makeStore));
  await t.test('the personal data of a customer is erased', (t) => erasureConformance(t, makeStore));
  await t.test('several writers lose nothing', (t) => writersConformance(t, makeStore));
}
