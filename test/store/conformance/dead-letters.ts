import type { Test } from 'tap';
import type { DeadLetter } from '../../../src/store/dead-letter.ts';
import { noRetryChanges } from '../../../src/store/retries.ts';
import { deadLetter, emptyDecision, TOPIC } from '../batch.ts';
import type { DeadLetterRow, MakeStore } from '../store-under-test.ts';

const ALL_BYTES = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

export async function deadLetterConformance(t: Test, makeStore: MakeStore): Promise<void> {
  await t.test(
    'key and value are stored byte for byte, with position, order, reason and times',
    async (t) => {
      const { writer, deadLetters } = await makeStore(t);
      const saved = [
        deadLetter({ offset: 0, key: null, value: null }),
        deadLetter({ offset: 1, key: Buffer.alloc(0), value: Buffer.alloc(0) }),
        deadLetter({ offset: 2, key: ALL_BYTES, value: Buffer.from([0xff, 0xfe, 0x00, 0xc3, 0x28]) }),
        deadLetter(
          { offset: 3, key: Buffer.from('o-1'), value: Buffer.alloc(1_000_000, 0xf5) },
          { orderId: 'o-1', attempts: 7, reason: 'retries-exhausted' },
        ),
        deadLetter({ partition: 9, offset: Number.MAX_SAFE_INTEGER }, { error: "Zeile 1\nZeile 2 ✂ it's" }),
      ];
      const store = await writer();
      await store.save(saving(saved, new Map(), new Map([[0, 4]])));
      t.strictSame(await deadLetters(), saved.map(rowOf));
    },
  );

  await t.test('a record that is stored already stays as it is', async (t) => {
    const { writer, deadLetters } = await makeStore(t);
    const store = await writer();
    const first = deadLetter({ offset: 4, value: Buffer.from('first') });
    const again = deadLetter({ offset: 4, value: Buffer.from('again') }, { reason: 'store-refused' });
    await store.save(saving([first], new Map(), new Map([[0, 5]])));
    await store.save(saving([again, deadLetter({ offset: 5 })], new Map([[0, 5]]), new Map([[0, 6]])));
    t.strictSame(await deadLetters(), [rowOf(first), rowOf(deadLetter({ offset: 5 }))]);
  });
}

function saving(deadLetters: DeadLetter[], loaded: Map<number, number>, next: Map<number, number>) {
  return {
    topic: TOPIC,
    decision: emptyDecision(),
    deadLetters,
    resolved: [],
    retryChanges: noRetryChanges(),
    loadedProgress: loaded,
    nextProgress: next,
  };
}

function rowOf(deadLetter: DeadLetter): DeadLetterRow {
  const { partition, offset, key, value, timestamp } = deadLetter.record;
  return {
    topic: TOPIC,
    partition,
    offset,
    key,
    value,
    log_timestamp: timestamp,
    order_id: deadLetter.orderId,
    reason: deadLetter.reason,
    error: deadLetter.error,
    attempts: deadLetter.attempts,
    first_failed_at: deadLetter.firstFailedAt,
    failed_at: deadLetter.failedAt,
    replay_count: deadLetter.replayCount,
    state: deadLetter.state,
  };
}
