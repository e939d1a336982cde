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

  await t.test('a record of another log at the same position gets a dead letter of its own', async (t) => {
    const { writer, deadLetters } = await makeStore(t);
    const store = await writer();
    const letter = (time: number, offset = 4) =>
      deadLetter({ offset, timestamp: time, value: Buffer.from(`record of ${time}`) });
    await store.save(saving([letter(1)], new Map(), new Map([[0, 5]])));
    await store.save(saving([letter(2)], new Map([[0, 5]]), new Map([[0, 5]])));
    await store.save(saving([letter(2), letter(3)], new Map([[0, 5]]), new Map([[0, 5]])));
    const kept = [letter(3), letter(1), letter(2)];
    t.strictSame(
      await deadLetters(),
      kept.map((each, index) => ({
        ...rowOf(each),
        topic: ['', '@1', '@2'].map((end) => TOPIC + end)[index],
      })),
    );
    const position = { partition: 0, offset: 4 };
    const { deadLetters: effects } = await store.effectsOf(TOPIC, [{ orderId: null, position }]);
    t.same(
      effects.map(({ record }) => record.timestamp),
      [3],
      'only the record of this log is published again',
    );
  });

  await t.test('a replay may fail again at a position that a record of another log had', async (t) => {
    const { writer, deadLetters } = await makeStore(t);
    const store = await writer();
    const value = Buffer.from('the replayed one');
    const other = deadLetter({ offset: 4, timestamp: 1 });
    const failed = deadLetter({ offset: 2, timestamp: 1, value });
    await store.save(saving([other, failed], new Map(), new Map([[0, 5]])));
    const again = deadLetter({ offset: 4, timestamp: 2, value }, { replayOf: 2, replayCount: 1 });
    await store.save(saving([again], new Map([[0, 5]]), new Map([[0, 5]])));
    t.match(await deadLetters(), [
      { topic: TOPIC, offset: 4, value, replay_count: 1 },
      { topic: `${TOPIC}@1`, offset: 4, value: null },
    ]);
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
