import { nextAttemptAt, type Failures, type RetryPolicy } from '../base/backoff.ts';
import type { RecordFrame } from '../base/record-frame.ts';
import { decide } from '../order/decide.ts';
import type { DeadLetter } from '../store/dead-letter.ts';
import type { BatchToSave, Present } from '../store/order-store.ts';
import { noParking, type ParkedEvent, type ParkedOrder, type Parking } from '../store/parking.ts';
import type { DecodedRecord, UndecodableRecord } from './decode-batch.ts';
import { resolvedLetters, toDeadLetter, type Failure } from './dead-letters.ts';
import type { Judgement } from './processor.ts';
import { triage, type Triage } from './classify.ts';

/** Everything that a batch is made of, once its orders are loaded and judged. */
export interface Material {
  topic: string;
  frame: RecordFrame;
  decoded: readonly DecodedRecord[];
  undecodable: readonly UndecodableRecord[];
  present: Present;
  nextProgress: ReadonlyMap<number, number>;
  judgements: ReadonlyMap<string, Judgement>;
  /** these records waited in the store and are tried again; else they came from the log */
  isRetry: boolean;
  /** of a retry: orders that are not tried now and wait on */
  heldBack?: Parking['postponed'];
  /** of a retry: orders that an earlier one settled, to be forgotten */
  published?: readonly string[];
  /** milliseconds since the epoch, as is `now`: when it was taken up */
  begunAt: number;
  now: number;
  policy: RetryPolicy;
  replayLimit: number;
}

/**
 * The whole batch as it is to be saved. Pure but for the jitter of the due times.
 * @param refused order → why the store does not take its rows: its records become dead letters
 */
export function composeBatch(material: Material, refused: ReadonlyMap<string, string>): BatchToSave {
  const { decoded, undecodable } = material;
  const isRefused = ({ command }: DecodedRecord) => refused.has(command.orderId);
  const taken = refused.size === 0 ? decoded : decoded.filter((entry) => !isRefused(entry));
  const batch = composeRecords(material, taken);
  for (const { record, error, replay } of undecodable) {
    const orderId = null;
    batch.deadLetters.push(
      letter(material, { record, orderId, replay, reason: 'record-undecodable', error }),
    );
  }
  for (const entry of refused.size === 0 ? [] : decoded.filter(isRefused)) {
    const error = refused.get(entry.command.orderId) ?? '';
    batch.deadLetters.push(letter(material, failureOf(material, entry, 'store-refused', error)));
  }
  if (material.isRetry) {
    const orders = [...material.present.parked.values()];
    batch.parking.settled = orders.filter(({ orderId }) => !isWaitingOn(batch.parking, orderId));
    batch.parking.published = material.published ?? [];
  }
  return batch;
}

/** The rows of some orders only. */
export function composePart(material: Material, orderIds: readonly string[]): BatchToSave {
  const wanted = new Set(orderIds);
  return composeRecords(
    material,
    material.decoded.filter(({ command }) => wanted.has(command.orderId)),
  );
}

function composeRecords(material: Material, records: readonly DecodedRecord[]): BatchToSave {
  const { topic, present, nextProgress, judgements, isRetry, now, policy } = material;
  const isBehind = ({ command }: DecodedRecord) => !isRetry && present.parked.has(command.orderId);
  const behind = present.parked.size === 0 ? [] : records.filter(isBehind);
  const sorted = triage(behind.length === 0 ? records : records.filter((entry) => !isBehind(entry)), {
    present: present.orders,
    judgements,
    nextAttemptAt: (orderId) => nextAttemptAt(failuresOf(material, orderId), now, policy),
    haveWaited: isRetry,
  });
  const progress = isRetry ? NO_PROGRESS : present.progress;
  const decision = decide(present.orders, progress, sorted.commands, now);
  return {
    topic,
    decision,
    deadLetters: sorted.failed.map(({ entry, reason, error }) =>
      letter(material, failureOf(material, entry, reason, error)),
    ),
    resolved: resolvedLetters(done(records, behind, sorted), material.frame, decision, now),
    parking: isRetry ? parkedOn(material, sorted) : parkedNow(material, sorted, behind),
    loadedProgress: present.progress,
    nextProgress,
  };
}

/** Retried records stand below the progress: it fences them, and passes none of them over. */
const NO_PROGRESS: ReadonlyMap<number, number> = new Map();

/** What was decided, and not given up. */
function done(
  records: readonly DecodedRecord[],
  behind: readonly DecodedRecord[],
  { waiting, failed }: Triage,
): DecodedRecord[] {
  const replays = records.filter(({ replay }) => replay !== undefined);
  if (replays.length === 0) return [];
  const others = new Set([...behind, ...failed.map(({ entry }) => entry)]);
  for (const { records: held } of waiting.values()) for (const entry of held) others.add(entry);
  return replays.filter((entry) => !others.has(entry));
}

/** Records from the log that wait now: behind what failed in this batch, or behind what had failed before. */
function parkedNow(material: Material, { waiting }: Triage, behind: readonly DecodedRecord[]): Parking {
  const parking = noParking();
  if (waiting.size === 0 && behind.length === 0) return parking;
  const toEvent = ({ index, command }: DecodedRecord): ParkedEvent => ({
    orderId: command.orderId,
    record: material.frame.record(index),
  });
  for (const [orderId, { error, dueAt, records }] of waiting) {
    const { attempts, firstFailedAt, lateMs } = failuresOf(material, orderId);
    const partition = records[0]?.position.partition ?? 0;
    const failedAt = material.now;
    const order = {
      orderId,
      partition,
      attempts,
      events: records.length,
      error,
      firstFailedAt,
      failedAt,
      dueAt,
      lateMs,
    };
    parking.begun.push(order);
    parking.events.push(...records.map(toEvent));
  }
  const joined = new Map<ParkedOrder, number>();
  for (const entry of behind) {
    const loaded = material.present.parked.get(entry.command.orderId);
    if (loaded !== undefined) joined.set(loaded, (joined.get(loaded) ?? 0) + 1);
    parking.events.push(toEvent(entry));
  }
  for (const [loaded, events] of joined) parking.joined.push({ loaded, events });
  return parking;
}

/** Orders that failed once more, and wait on. */
function parkedOn(material: Material, { waiting }: Triage): Parking {
  const parking = noParking();
  parking.postponed.push(...(material.heldBack ?? []));
  for (const [orderId, { error, dueAt }] of waiting) {
    const loaded = material.present.parked.get(orderId);
    if (loaded === undefined) continue;
    const { attempts, lateMs } = failuresOf(material, orderId);
    const next = { ...loaded, attempts, error, failedAt: material.now, dueAt, lateMs };
    parking.postponed.push({ loaded, next });
  }
  return parking;
}

function isWaitingOn({ postponed }: Parking, orderId: string): boolean {
  return postponed.some(({ loaded }) => loaded.orderId === orderId);
}

/** The failures of an order if it fails now. */
function failuresOf(material: Material, orderId: string): Failures {
  const parked = material.present.parked.get(orderId);
  if (parked === undefined) return { attempts: 1, firstFailedAt: material.now, lateMs: 0 };
  const { attempts, firstFailedAt, lateMs } = parked;
  return { attempts: attempts + 1, firstFailedAt, lateMs: lateMs + lateBy(material, parked) };
}

/** Milliseconds by which a retry came later than it was due. */
export function lateBy(
  { begunAt }: Pick<Material, 'begunAt'>,
  { dueAt }: Pick<ParkedOrder, 'dueAt'>,
): number {
  return Math.max(0, begunAt - dueAt);
}

type Reported = Pick<Failure, 'record' | 'orderId' | 'replay' | 'reason' | 'error'>;

function failureOf(
  { frame }: Material,
  { index, command, replay }: DecodedRecord,
  reason: Failure['reason'],
  error: string,
): Reported {
  return { record: frame.record(index), orderId: command.orderId, replay, reason, error };
}

/** An event that only waited behind another was never tried itself. */
function letter(material: Material, reported: Reported): DeadLetter {
  const failures = failuresOf(material, reported.orderId ?? '');
  const attempts = reported.reason === 'predecessor-failed' ? 0 : failures.attempts;
  const { firstFailedAt } = failures;
  return toDeadLetter({ ...reported, attempts, firstFailedAt, failedAt: material.now }, material.replayLimit);
}
