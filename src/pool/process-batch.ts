import type { Clock } from '../base/clock.ts';
import { hasCode, ServiceError, toError } from '../base/errors.ts';
import type { LogRecord } from '../base/log-record.ts';
import { decodeRecordFrame, encodeRecordFrame } from '../base/record-frame.ts';
import type { Command, PlaceOrder, StatusChange } from '../order/commands.ts';
import { decide, type DecidedCommand, type Verdict } from '../order/decide.ts';
import type { EventCodec } from '../order/events.ts';
import type { BatchStore, Present, SetAsideRecord } from '../store/order-store.ts';
import type { Judge } from './processor.ts';
import type { BatchRequest, BatchResult } from './protocol.ts';

export interface BatchDependencies {
  store: BatchStore;
  judge: Judge;
  codec: EventCodec;
  clock: Clock;
}

interface DecodedRecord {
  record: LogRecord;
  command: Command;
}

/**
 * One batch from bytes to saved: decode → load → process → decide → save. The answer has the status events to
 * publish, those of redelivered records included (their first publication may have been lost in a crash).
 * @throws ServiceError whatever loading, processing or saving throws: nothing of the batch is saved then
 */
export async function processBatch(
  request: BatchRequest,
  { store, judge, codec, clock }: BatchDependencies,
): Promise<BatchResult> {
  const records = decodeRecordFrame(request.frame);
  const { decoded, setAside } = decodeCommands(records, codec, clock);
  const nextProgress = nextOffsets(records);
  const orderIds = [...new Set(decoded.map(({ command }) => command.orderId))];
  const present = await store.load(request.topic, [...nextProgress.keys()], orderIds);
  refuseGap(request, present);

  const isApplied = ({ partition, offset }: LogRecord) => offset < (present.progress.get(partition) ?? 0);
  const fresh = decoded.filter(({ record }) => !isApplied(record));
  const redelivered = decoded.filter(({ record }) => isApplied(record));
  const verdicts = await judge(newOrders(fresh, present));
  const decision = decide(
    present.orders,
    present.progress,
    fresh.map((entry) => withVerdict(entry, verdicts)),
    clock(),
  );

  const newlySetAside = setAside.filter(({ record }) => !isApplied(record));
  newlySetAside.push(...failedOrders(fresh, verdicts, clock));
  if (records.some((record) => !isApplied(record))) {
    await store.save({
      topic: request.topic,
      decision,
      setAside: newlySetAside,
      loadedProgress: present.progress,
      nextProgress: furthest(nextProgress, present.progress),
    });
  }
  const published = await store.changesCausedBy(
    redelivered.map(({ record, command }) => ({ orderId: command.orderId, position: record })),
  );
  return {
    statuses: encodeStatuses([...published, ...decision.changes], codec),
    counts: {
      placed: decision.placed.length,
      moved: decision.moved.length,
      refused: decision.rejections.length,
      setAside: newlySetAside.length,
      redelivered: redelivered.length,
    },
  };
}

function decodeCommands(records: LogRecord[], codec: EventCodec, clock: Clock) {
  const decoded: DecodedRecord[] = [];
  const setAside: SetAsideRecord[] = [];
  for (const record of records) {
    try {
      const command = codec.decodeCommand(record.value);
      refuseForeignKey(record, command);
      decoded.push({ record, command });
    } catch (error) {
      if (!hasCode(error, 'record-undecodable')) throw error;
      setAside.push({
        record,
        orderId: null,
        reason: 'record-undecodable',
        error: toError(error).message,
        at: clock(),
      });
    }
  }
  return { decoded, setAside };
}

/** A record under another key may lie in another partition, where its order is not kept. */
function refuseForeignKey(record: LogRecord, command: Command): void {
  if (record.key?.toString() === command.orderId) return;
  throw new ServiceError('record-undecodable', "The record's key is not the id of its order.");
}

/** The store was set back (a restored backup): going on would leave a hole that nobody sees. */
function refuseGap({ topic, applied }: BatchRequest, present: Present): void {
  for (const [partition, next] of applied) {
    const stored = present.progress.get(partition) ?? 0;
    if (stored >= next) continue;
    throw new ServiceError(
      'progress-gap',
      `${topic}/${partition} was applied up to offset ${next}, but the store now stands at ${stored}. ` +
        'Restart the service: it reads on from where the store stands.',
    );
  }
}

/** What is to be judged: orders that the store has, and repeats within the batch, are not processed again. */
function newOrders(fresh: DecodedRecord[], present: Present): Iterable<PlaceOrder> {
  const firsts = new Map<string, PlaceOrder>();
  for (const { command } of fresh) {
    if (command.kind !== 'place' || present.orders.has(command.orderId) || firsts.has(command.orderId))
      continue;
    firsts.set(command.orderId, command);
  }
  return firsts.values();
}

function withVerdict({ record, command }: DecodedRecord, verdicts: Map<string, Verdict>): DecidedCommand {
  const position = { partition: record.partition, offset: record.offset };
  if (command.kind === 'transition') return { position, command };
  return { position, command, verdict: verdicts.get(command.orderId) ?? REPEATED };
}

/** The verdict of an order that is known already; `decide` keeps the first and never looks at it. */
const REPEATED: Verdict = { status: 'confirmed', reason: null };

/** An order that the processor failed for good is kept with its record, so that it can be looked into. */
function failedOrders(
  fresh: DecodedRecord[],
  verdicts: Map<string, Verdict>,
  clock: Clock,
): SetAsideRecord[] {
  const failed: SetAsideRecord[] = [];
  const seen = new Set<string>();
  for (const { record, command } of fresh) {
    const verdict = command.kind === 'place' ? verdicts.get(command.orderId) : undefined;
    if (verdict?.status !== 'failed' || seen.has(command.orderId)) continue;
    seen.add(command.orderId);
    const error = verdict.reason ?? '';
    failed.push({ record, orderId: command.orderId, reason: 'processor-failed', error, at: clock() });
  }
  return failed;
}

function nextOffsets(records: LogRecord[]): Map<number, number> {
  return new Map(records.map(({ partition, offset }) => [partition, offset + 1]));
}

function furthest(next: Map<number, number>, progress: ReadonlyMap<number, number>): Map<number, number> {
  return new Map(
    [...next].map(([partition, offset]) => [partition, Math.max(offset, progress.get(partition) ?? 0)]),
  );
}

function encodeStatuses(changes: StatusChange[], codec: EventCodec): ArrayBuffer {
  return encodeRecordFrame(
    changes.map((change) => ({
      partition: 0,
      offset: 0,
      timestamp: change.at,
      key: Buffer.from(change.orderId),
      value: codec.encodeStatusChange(change),
    })),
  );
}
