import { ALL_ORDERS } from '../../src/order/access.ts';
import type { LogRecord } from '../../src/base/log-record.ts';
import type { PlaceOrder } from '../../src/order/commands.ts';
import { decide, type DecidedCommand, type Decision } from '../../src/order/decide.ts';
import type { OrderStatus, RequestableStatus } from '../../src/order/lifecycle.ts';
import type { DeadLetter } from '../../src/store/dead-letter.ts';
import type { BatchStore, BatchToSave, LoadedState } from '../../src/store/order-store.ts';
import { noRetryChanges } from '../../src/store/retries.ts';

export const TOPIC = 'orders.commands';

/** What is saved after `commands` are decided on the loaded state. */
export function batchOf(loadedState: LoadedState, commands: DecidedCommand[], now: number): BatchToSave {
  const nextProgress = new Map<number, number>();
  for (const { position } of commands) nextProgress.set(position.partition, position.offset + 1);
  return {
    topic: TOPIC,
    decision: decide(loadedState.orders, loadedState.progress, commands, now),
    deadLetters: [],
    resolved: [],
    retryChanges: noRetryChanges(),
    loadedProgress: loadedState.progress,
    nextProgress,
  };
}

export function loadFor(store: BatchStore, commands: DecidedCommand[]): Promise<LoadedState> {
  const partitions = [...new Set(commands.map(({ position }) => position.partition))];
  return store.load(TOPIC, partitions, [...new Set(commands.map(({ command }) => command.orderId))]);
}

/** One batch, as a writing thread does it: load, decide, save. */
export async function apply(store: BatchStore, commands: DecidedCommand[], now = 5_000): Promise<Decision> {
  const batch = batchOf(await loadFor(store, commands), commands, now);
  await store.save(batch);
  return batch.decision;
}

export interface PlaceOptions {
  partition?: number;
  customerId?: string;
  merchantId?: string;
  status?: Extract<OrderStatus, 'confirmed' | 'rejected' | 'failed'>;
  time?: number;
  metadata?: Record<string, string>;
}

export function place(offset: number, orderId: string, options: PlaceOptions = {}): DecidedCommand {
  const {
    partition = 0,
    customerId = 'c-1',
    merchantId = 'm-1',
    status = 'confirmed',
    time = 1_000,
    metadata,
  } = options;
  const command: PlaceOrder = {
    kind: 'place',
    eventId: `placed-${orderId}`,
    orderId,
    time,
    order: {
      customerId,
      merchantId,
      currency: 'INR',
      items: [{ sku: 's', quantity: 1, unitPrice: 5 }],
      total: 5,
      ...(metadata === undefined ? {} : { metadata }),
    },
  };
  return { position: { partition, offset }, command, outcome: { status, reason: null } };
}

export function move(offset: number, orderId: string, to: RequestableStatus, partition = 0): DecidedCommand {
  const eventId = `moved-${orderId}-${offset}`;
  return {
    position: { partition, offset },
    command: { kind: 'transition', eventId, orderId, time: 2_000, to, actor: ALL_ORDERS },
  };
}

export function emptyDecision(): Decision {
  return { placed: [], moved: [], changes: [], refused: [] };
}

export function deadLetter(record: Partial<LogRecord>, changes: Partial<DeadLetter> = {}): DeadLetter {
  return {
    record: { partition: 0, offset: 0, timestamp: 1_700_000_000_000, key: null, value: null, ...record },
    orderId: null,
    reason: 'record-undecodable',
    error: 'The value is not JSON',
    attempts: 1,
    firstFailedAt: 1_700_000_000_400,
    failedAt: 1_700_000_000_500,
    replayCount: 0,
    replayOf: undefined,
    state: 'open',
    ...changes,
  };
}
