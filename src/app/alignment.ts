import { randomUUID } from 'node:crypto';
import { ServiceError } from '../base/errors.ts';
import { recordCheck } from '../base/record-check.ts';
import { type EventLog, type OffsetRange, type OnUnavailable, TOPICS } from '../log/event-log.ts';
import { mismatchError } from '../log/log-mismatch.ts';
import type { AlignmentStore, StoredLog } from '../store/alignment-store.ts';
import { compareAlignment, mismatchText, type AlignmentView, type Mismatch } from './compare-alignment.ts';

export type ReadableLog = Pick<EventLog, 'progressName' | 'identity' | 'ranges' | 'recordsAt'>;

type ReadStore = (topic: string) => Promise<StoredLog>;

/**
 * Refuses a log and a store from different points in time: to process or accept orders with them would lose orders
 * silently. A store without an identity is claimed for this log.
 * @param onUnavailable as `verifyAlignment`
 * @throws ServiceError `log-mismatch`, `log-unavailable`, `store-unavailable`
 */
export async function alignStore(
  log: ReadableLog,
  store: AlignmentStore,
  onUnavailable?: OnUnavailable,
): Promise<void> {
  await verifyAlignment(log, (topic) => store.read(topic), undefined, onUnavailable);
  const identity = log.identity();
  const topic = log.progressName(TOPICS.commands);
  const claimed = await store.claim(topic, identity ?? randomUUID());
  if (identity === undefined || claimed === identity) return;
  // Another process has claimed the store since it was read.
  await verifyAlignment(log, (topic) => store.read(topic));
}

/**
 * @param partitions those to check; all by default
 * @param onUnavailable gets each partition that cannot be read: the caller must check it before its records are processed. By
 *   default, and if no partition can be read, the check fails
 * @returns the offsets that the log retains, by partition
 * @throws as `alignStore`
 */
export async function verifyAlignment(
  log: ReadableLog,
  read: ReadStore,
  partitions?: readonly number[],
  onUnavailable?: OnUnavailable,
): Promise<OffsetRange[]> {
  if (partitions?.length === 0) return [];
  const unavailable = new Map<number, Error>();
  const skip: OnUnavailable = (partition, error) => unavailable.set(partition, error);
  const view = await readAlignment(log, read, partitions, onUnavailable && skip);
  const mismatches = compareAlignment(view).filter(
    ({ partition }) => !unavailable.has(partition) && (partitions?.includes(partition) ?? true),
  );
  if (mismatches.length > 0) throw refusal(log.progressName(TOPICS.commands), mismatches);
  const [first] = unavailable;
  if (first !== undefined && Object.keys(view.ends).length === 0) throw noneReadable(...first);
  for (const [partition, error] of unavailable) onUnavailable?.(partition, error);
  return view.starts.map((start, partition) => ({ start, end: view.ends[partition] ?? start }));
}

/**
 * Reads the starts of the log, then the progress, then the ends of the log: all of them only grow, so replicas that work
 * meanwhile cannot make the progress seem to be outside the log.
 */
export async function readAlignment(
  log: ReadableLog,
  read: ReadStore,
  partitions?: readonly number[],
  onUnavailable?: OnUnavailable,
): Promise<AlignmentView> {
  const starts = (await log.ranges(TOPICS.commands, partitions, onUnavailable)).map(({ start }) => start);
  const { identity, progress } = await read(log.progressName(TOPICS.commands));
  const ranges = await log.ranges(TOPICS.commands, partitions, onUnavailable);
  const offsets = new Map<number, number>();
  for (const [partition, { nextOffset, lastRecord }] of progress) {
    const { start, end } = ranges[partition] ?? { start: 0, end: 0 };
    const isWanted = lastRecord !== undefined && (partitions?.includes(partition) ?? true);
    if (isWanted && nextOffset > start && nextOffset <= end) offsets.set(partition, nextOffset - 1);
  }
  const records = await log.recordsAt(TOPICS.commands, offsets);
  return {
    logIdentity: log.identity(),
    storeIdentity: identity,
    starts,
    progress,
    ends: ranges.map(({ end }) => end),
    lastRecords: new Map([...records].map(([partition, record]) => [partition, recordCheck(record)])),
  };
}

function noneReadable(partition: number, cause: Error): ServiceError {
  const detail = `No partition of ${TOPICS.commands} can be read; partition ${partition}: ${cause.message}`;
  return new ServiceError('log-unavailable', detail, { cause });
}

function refusal(topic: string, mismatches: readonly Mismatch[]): ServiceError {
  const [first, ...others] = mismatches;
  const more = others.length === 0 ? '' : `; ${others.length} more partitions do not match either`;
  return mismatchError(`${first === undefined ? topic : mismatchText(topic, first)}${more}`);
}
