import { nextAttemptAt } from '../base/backoff.ts';
import type { ChangeDetails, PlaceOrder } from '../order/commands.ts';
import type { DecidedCommand, FinalOutcome } from '../order/decide.ts';
import type { DeadLetterReason } from '../store/dead-letter.ts';
import { failuresOf, type BatchInput, type RetryInput } from './batch-input.ts';
import {
  behind,
  confirmationDetails,
  failureDetails,
  failureOf,
  rejectionDetails,
  type Failure,
} from './change-details.ts';
import { failureText, REJECTION_TEXT } from './customer-text.ts';
import type { DecodedRecord } from './decode-batch.ts';

/** The decoded records of a batch, sorted by what happens to them: decide now, retry later, or dead letter. */
export interface Classification {
  /** to decide, in log order; includes orders that failed for good, because their status becomes `failed` */
  commands: DecidedCommand[];
  /** the replayed dead letters among `commands` that did not fail again */
  replays: DecodedRecord[];
  /** order id → next attempt, for orders that failed for now, whose call goes on, or whose call was lost */
  retries: Map<string, NextRetry>;
  /** events of orders that were retrying already, to queue behind their earlier events */
  queued: DecodedRecord[];
  failed: FailedEvent[];
}

/** The next attempt of an order that failed for now, whose call goes on, or whose call was lost. */
export interface NextRetry extends Failure {
  order: PlaceOrder['order'];
  /** milliseconds since the epoch */
  dueAt: number;
  /** false if the call goes on or was lost */
  hasFailed: boolean;
  /** the call goes on */
  unanswered: boolean;
  /** the failed event, and the later ones of its order behind it */
  records: DecodedRecord[];
}

/** An event that becomes a dead letter. */
export interface FailedEvent extends Failure {
  record: DecodedRecord;
  reason: DeadLetterReason;
}

/**
 * Sorts the records by the outcomes of their orders. Pure except for the jitter of the due times.
 *
 * Invariant 5: while an order is retrying, its later events queue behind it in order; other orders are not delayed.
 * @param refused order id → why the store refuses its rows
 */
export function classify(
  input: BatchInput | RetryInput,
  refused: ReadonlyMap<string, Error>,
): Classification {
  const classifier = new Classifier(input, refused);
  for (const record of input.decoded) classifier.add(record);
  return input.kind === 'retry' ? withoutRescheduled(classifier.result) : classifier.result;
}

/** A retried order that fails again keeps all its events, so none of them is decided, counted or given up yet. */
function withoutRescheduled(classified: Classification): Classification {
  const { commands, replays, failed, retries } = classified;
  if (retries.size === 0) return classified;
  const isDone = ({ command }: Pick<DecodedRecord, 'command'>) => !retries.has(command.orderId);
  return {
    ...classified,
    commands: commands.filter(isDone),
    replays: replays.filter(isDone),
    failed: failed.filter(({ record }) => isDone(record)),
  };
}

class Classifier {
  readonly result: Classification = { commands: [], replays: [], retries: new Map(), queued: [], failed: [] };
  readonly #input: BatchInput | RetryInput;
  readonly #refused: ReadonlyMap<string, Error>;
  /** orders that failed for good in this batch, and why */
  readonly #failed = new Map<string, Failure>();
  /** `failed` orders that a replay in this batch confirms */
  readonly #revived = new Set<string>();

  constructor(input: BatchInput | RetryInput, refused: ReadonlyMap<string, Error>) {
    this.#input = input;
    this.#refused = refused;
  }

  add(record: DecodedRecord): void {
    const { position, command } = record;
    const { orderId } = command;
    const refusal = this.#refused.get(orderId);
    const retry = this.result.retries.get(orderId);
    if (refusal !== undefined) {
      this.result.failed.push({ record, reason: 'store-refused', ...failureOf(refusal) });
    } else if (this.#input.kind === 'batch' && this.#input.loadedState.retrying.has(orderId)) {
      this.result.queued.push(record);
    } else if (retry !== undefined) {
      retry.records.push(record);
    } else if (this.#hasFailedPredecessor(record)) {
      const failure = behind(this.#failed.get(orderId));
      this.result.failed.push({ record, reason: 'predecessor-failed', ...failure });
    } else if (command.kind === 'place') {
      this.#place(record, command);
    } else {
      this.#decide(record, { position, command });
    }
  }

  /**
   * If an order fails for good, the events queued behind it cannot be decided, and neither can their replays until the
   * order is confirmed.
   */
  #hasFailedPredecessor({ command: { kind, orderId }, replay }: DecodedRecord): boolean {
    if (this.#input.kind === 'retry' && this.#failed.has(orderId)) return true;
    if (kind === 'place' || replay === undefined) return false;
    const known = this.#input.loadedState.orders.get(orderId);
    if (known === undefined) return !this.#input.outcomes.has(orderId);
    return known.status === 'failed' && !this.#revived.has(orderId);
  }

  #place(record: DecodedRecord, command: PlaceOrder): void {
    const { orderId } = command;
    const known = this.#input.loadedState.orders.get(orderId);
    const hadFailed = known?.status === 'failed';
    const outcome = this.#input.outcomes.get(orderId);
    if (outcome === undefined || (known !== undefined && record.replay === undefined)) {
      this.#decidePlaced(record, command, PLACEHOLDER_OUTCOME);
    } else if (outcome.status === 'retry') {
      this.#retry(record, command, { error: outcome.reason, detail: outcome.error });
    } else if (outcome.status === 'unanswered') {
      this.#awaitAnswer(record, command, outcome.reason);
    } else if (outcome.status === 'lost') {
      this.#repeat(record, command, outcome.reason);
    } else if (outcome.status === 'failed') {
      const failure = { error: outcome.reason ?? '', detail: outcome.error };
      this.#fail(record, command, 'processor-failed', failure);
    } else if (outcome.status === 'rejected' && hadFailed) {
      const error = outcome.reason ?? 'The processor rejected the order.';
      this.#fail(record, command, 'replay-rejected', { error, detail: undefined });
    } else if (outcome.status === 'rejected') {
      const details = rejectionDetails(outcome.reason, this.#attempts(command));
      this.#decidePlaced(record, command, { status: 'rejected', reason: REJECTION_TEXT }, details);
    } else {
      if (hadFailed) this.#revived.add(orderId);
      this.#decidePlaced(record, command, outcome, confirmationDetails(this.#attempts(command)));
    }
  }

  #retry(record: DecodedRecord, command: PlaceOrder, failure: Failure): void {
    const { now, rules } = this.#input;
    const dueAt = nextAttemptAt(failuresOf(this.#input, command.orderId), now, rules.retry);
    if (dueAt === undefined) this.#fail(record, command, 'retries-exhausted', failure);
    else this.#setRetry(record, command, { ...failure, dueAt, hasFailed: true, unanswered: false });
  }

  /** Normally the answer completes the order. The due time is a fallback, if the process dies or the partition moves first. */
  #awaitAnswer(record: DecodedRecord, command: PlaceOrder, error: string): void {
    const dueAt = this.#input.now + this.#input.rules.answerTimeoutMs;
    const waits = { dueAt, hasFailed: false, unanswered: true };
    this.#setRetry(record, command, { error, detail: undefined, ...waits });
  }

  /**
   * The order may be innocent, so this costs it no attempt. It cannot go on for ever: the repeated call is not detached, so
   * its crashes are counted.
   */
  #repeat(record: DecodedRecord, command: PlaceOrder, error: string): void {
    const waits = { dueAt: this.#input.now, hasFailed: false, unanswered: false };
    this.#setRetry(record, command, { error, detail: undefined, ...waits });
  }

  #setRetry(
    record: DecodedRecord,
    { orderId, order }: PlaceOrder,
    retry: Omit<NextRetry, 'records' | 'order'>,
  ): void {
    this.result.retries.set(orderId, { ...retry, order, records: [record] });
  }

  /** Every failed replay becomes a dead letter again. When a new order fails, only its first record does, not its repeats. */
  #fail(record: DecodedRecord, command: PlaceOrder, reason: DeadLetterReason, failure: Failure): void {
    const { position, replay } = record;
    const isReplay = replay !== undefined;
    if (isReplay || !this.#failed.has(command.orderId))
      this.result.failed.push({ record, reason, ...failure });
    this.#failed.set(command.orderId, failure);
    const details = failureDetails(failure, this.#attempts(command));
    const outcome: FinalOutcome = { status: 'failed', reason: failureText(reason) };
    this.result.commands.push({ position, command, outcome, isReplay, details });
  }

  #decidePlaced(
    record: DecodedRecord,
    command: PlaceOrder,
    outcome: FinalOutcome,
    details?: ChangeDetails,
  ): void {
    const { position, replay } = record;
    this.#decide(record, { position, command, outcome, isReplay: replay !== undefined, details });
  }

  /** Calls of the processor, this one included. An order that is retrying is not called for in a batch. */
  #attempts({ orderId }: PlaceOrder): number {
    return this.#input.kind === 'batch' ? 1 : failuresOf(this.#input, orderId).attempts;
  }

  #decide(record: DecodedRecord, decided: DecidedCommand): void {
    this.result.commands.push(decided);
    if (record.replay !== undefined) this.result.replays.push(record);
  }
}

/** For an order that is already placed: `decide` ignores this outcome. */
const PLACEHOLDER_OUTCOME: FinalOutcome = { status: 'confirmed', reason: null };
