import t from 'tap';
import { checkCopies } from './check-dead-letters.ts';
import type { LostSpan } from './lost-spans.ts';

const DATABASE_RESTORED: LostSpan = { after: 1, takenBy: 2, until: 3, lost: 'nothing', isRestore: true };

const copyOf = (reason: string) => ({ partition: 5, offset: 7, reason });
const kinds = (reason: string, lostSpans: LostSpan[]) =>
  [...checkCopies([], [copyOf(reason)], lostSpans)].map(({ kind }) => kind);

await t.test(
  'only a restored database explains the copy of an event that is no dead letter any more',
  (t) => {
    t.same(kinds('predecessor-failed', [DATABASE_RESTORED]), []);
    t.same(kinds('predecessor-failed', []), ['unexpected']);
    t.same(kinds('predecessor-failed', [{ ...DATABASE_RESTORED, lost: 'everything' }]), ['unexpected']);
    t.same(kinds('processor-failed', [DATABASE_RESTORED]), ['unexpected']);
    t.end();
  },
);
