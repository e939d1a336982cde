import { randomBytes } from 'node:crypto';
import type { Test } from 'tap';
import type { LogRecord, RecordHeaders } from '../../../src/base/log-record.ts';
import { type EventLog, type OutgoingRecord, TOPICS } from '../../../src/log/event-log.ts';
import type { EventLogHarness } from './harness.ts';
import { follow } from './following.ts';
import { freshSpace, openLog, openReader } from './traffic.ts';

type Content = Pick<OutgoingRecord, 'key' | 'value' | 'headers'>;

const ALL_BYTES = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

/** All kinds of records. */
const CONTENTS: Content[] = [
  { key: 'an id', value: Buffer.from('a value') },
  { key: 'ключ-鍵-🔑', value: ALL_BYTES },
  { key: ALL_BYTES, value: randomBytes(100_000) },
  { key: 'deleted', value: null },
  { key: null, value: Buffer.from('without a key') },
  { key: null, value: null },
  { key: '', value: Buffer.alloc(0) },
  { key: Buffer.alloc(0), value: null },
  { key: null, value: Buffer.alloc(0) },
  {
    key: 'an id',
    value: Buffer.from('replayed'),
    headers: { 'x-dlq-id': 'an id', 'x-dlq-replay-count': '3' },
  },
  { key: null, value: null, headers: { reason: 'жизнь 鍵 🔑\nsecond line', empty: '', '1': 'a number' } },
  { key: ALL_BYTES, value: ALL_BYTES, headers: { long: 'x'.repeat(20_000) } },
  { key: 'headers that are empty', value: Buffer.of(0), headers: {} },
];

/** Appends them one after the other. */
async function appendContents(log: EventLog, topic: string): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  for (const content of CONTENTS) {
    records.push({ ...(await log.append({ topic, ...content })), timestamp: 0, ...asRead(content) });
  }
  return records;
}

function asRead({ key, value, headers = {} }: Content) {
  const content = { key: typeof key === 'string' ? Buffer.from(key) : key, value };
  return Object.keys(headers).length === 0 ? content : { ...content, headers };
}

/** The same contents at the same positions, in any order of the partitions. */
function sameRecords(t: Test, records: readonly LogRecord[], appended: readonly LogRecord[]): void {
  const byPosition = (each: readonly LogRecord[]) => {
    return each
      .map(({ timestamp: _, ...record }) => record)
      .sort((a, b) => a.partition - b.partition || a.offset - b.offset);
  };
  t.strictSame(byPosition(records), byPosition(appended));
}

export const carryingTests = {
  'keys, values and headers are read as they were sent, and null differs from empty': async (
    t: Test,
    harness: EventLogHarness,
  ) => {
    const log = await openLog(t, harness);
    const following = await follow(t, log, TOPICS.deadLetters);
    const appended = await appendContents(log, TOPICS.deadLetters);
    const reader = await openReader(t, log, TOPICS.deadLetters);
    await reader.received(appended.length);
    sameRecords(t, reader.records, appended);
    await following.received(appended.length);
    sameRecords(t, following.records, appended);
  },

  'a record keeps its position and timestamp, also after a restart': async (
    t: Test,
    harness: EventLogHarness,
  ) => {
    const space = freshSpace();
    const log = await openLog(t, harness, space);
    const before = Date.now();
    const appended = await appendContents(log, TOPICS.commands);
    const after = Date.now();
    await log.stop();
    const reader = await openReader(t, await openLog(t, harness, space), TOPICS.commands);
    await reader.received(appended.length);
    sameRecords(t, reader.records, appended);
    const times = reader.records.map(({ timestamp }) => timestamp);
    t.ok(Math.min(...times) >= before - 1000 && Math.max(...times) <= after + 1000, 'timestamps');
  },

  'a record without headers has none': async (t: Test, harness: EventLogHarness) => {
    const log = await openLog(t, harness);
    const sent: (RecordHeaders | undefined)[] = [undefined, {}, { a: '1' }];
    for (const headers of sent) {
      await log.append({ topic: TOPICS.commands, key: 'one', value: Buffer.of(1), headers });
    }
    const reader = await openReader(t, log, TOPICS.commands);
    await reader.received(3);
    t.strictSame(
      reader.records.map(({ headers }) => headers),
      [undefined, undefined, { a: '1' }],
    );
  },

  'a key maps to the same partition as bytes and as text': async (t: Test, harness: EventLogHarness) => {
    const log = await openLog(t, harness);
    for (const key of ['one', 'two', 'ключ', '']) {
      const asText = await log.append({ topic: TOPICS.commands, key, value: Buffer.of(1) });
      const asBytes = await log.append({
        topic: TOPICS.commands,
        key: Buffer.from(key),
        value: Buffer.of(2),
      });
      t.same(asBytes, { partition: asText.partition, offset: asText.offset + 1 }, key);
    }
  },
};
