import type { Test } from 'tap';
import { changesConformance } from './conformance/changes.ts';
import { deadLetterDeskConformance } from './conformance/dead-letter-acts.ts';
import { deadLetterListConformance } from './conformance/dead-letter-lists.ts';
import { deadLetterConformance } from './conformance/dead-letters.ts';
import { retryConformance } from './conformance/retries.ts';
import { replayConformance } from './conformance/replays.ts';
import { listingConformance } from './conformance/listing.ts';
import { progressConformance } from './conformance/progress.ts';
import { roundTripConformance } from './conformance/round-trip.ts';
import { writersConformance } from './conformance/writers.ts';
import type { MakeStore } from './store-under-test.ts';

/** What every store promises; a store's own test file calls it with a way to make an empty one. */
export async function storeConformance(t: Test, makeStore: MakeStore): Promise<void> {
  await t.test('what is saved is read back', (t) => roundTripConformance(t, makeStore));
  await t.test('changes have their place among all', (t) => changesConformance(t, makeStore));
  await t.test('progress fences every batch', (t) => progressConformance(t, makeStore));
  await t.test('lists are pages of one order', (t) => listingConformance(t, makeStore));
  await t.test('records that cannot be processed are kept', (t) => deadLetterConformance(t, makeStore));
  await t.test('orders that failed for now wait', (t) => retryConformance(t, makeStore));
  await t.test('replays settle dead letters', (t) => replayConformance(t, makeStore));
  await t.test('dead letters are found by what they are', (t) => deadLetterListConformance(t, makeStore));
  await t.test('dead letters are acted on by people', (t) => deadLetterDeskConformance(t, makeStore));
  await t.test('several writers lose nothing', (t) => writersConformance(t, makeStore));
}
