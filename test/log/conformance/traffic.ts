import { randomBytes } from 'node:crypto';
import type { Test } from 'tap';
import type { LogRecord } from '../../../src/base/log-record.ts';
import type { Position } from '../../../src/base/position.ts';
import type { EventLog } from '../../../src/log/event-log.ts';
import { type EventLogHarness, PARTITIONS } from './harness.ts';
import { Reader, type ReaderOptions } from './reader.ts';

export function freshSpace(): string {
  return `space-${randomBytes(6).toString('hex')}`;
}

/** A started log; stopped when the test ends. */
export async function openLog(t: Test, harness: EventLogHarness, space = freshSpace()): Promise<EventLog> {
  const log = await harness.open({ space, partitions: PARTITIONS });
  await log.start();
  t.teardown(() => log.stop());
  return log;
}

/** A started consumer; stopped when the test ends, before its log. */
export async function openReader(t: Test, log: EventLog, topic: string, options: ReaderOptions = {}) {
  const reader = new Reader(log, topic, options);
  await reader.consumer.start();
  t.teardown(() => reader.consumer.stop());
  return reader;
}

export interface Numbered {
  key: string;
  number: number;
  position: Position;
}

export function keys(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `key-${index}`);
}

/** Appends `count` records round-robin over the keys, numbered from `first`, without waiting in between. */
export async function appendNumbered(
  log: EventLog,
  topic: string,
  overKeys: readonly string[],
  count: number,
  first = 0,
): Promise<Numbered[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const number = first + index;
      const key = overKeys[number % overKeys.length] ?? '';
      const position = await log.append({ topic, key, value: Buffer.from(String(number)) });
      return { key, number, position };
    }),
  );
}

/** One key of every partition, found by appending one record each: `keyOf[partition]`. */
export async function keyOfEachPartition(log: EventLog, topic: string): Promise<string[]> {
  const appended = await appendNumbered(log, topic, keys(100), 100);
  const keyOf: string[] = [];
  for (const { key, position } of appended) keyOf[position.partition] = key;
  return keyOf;
}

/** The offsets of every partition are consecutive: nothing is lost, duplicated or out of order. */
export function runsAreWhole(t: Test, records: readonly LogRecord[]): void {
  const next = new Map<number, number>();
  const breaks: string[] = [];
  for (const { partition, offset } of records) {
    const expected = next.get(partition) ?? offset;
    if (offset !== expected) breaks.push(`partition ${partition}: ${offset} instead of ${expected}`);
    next.set(partition, offset + 1);
  }
  t.same(breaks, [], 'nothing is lost, duplicated or out of order');
}

/** Every appended record arrived with its key, its number and at its position. */
export function allArrived(t: Test, records: readonly LogRecord[], appended: readonly Numbered[]): void {
  const arrived = new Set(records.map((record) => describe(text(record.key), text(record.value), record)));
  const missing = appended.filter(({ key, number, position }) => {
    return !arrived.has(describe(key, String(number), position));
  });
  t.same(missing, [], 'everything appended arrives');
}

/** The numbers in each key's records, in the order of arrival. */
export function numbersByKey(records: readonly LogRecord[]): Map<string, number[]> {
  const numbers = new Map<string, number[]>();
  for (const record of records) {
    const key = text(record.key);
    const list = numbers.get(key);
    if (list === undefined) numbers.set(key, [Number(text(record.value))]);
    else list.push(Number(text(record.value)));
  }
  return numbers;
}

export function text(bytes: Buffer | null): string {
  return bytes?.toString() ?? '';
}

function describe(key: string, value: string, position: Position): string {
  return `${key} ${value} ${position.partition}-${position.offset}`;
}
