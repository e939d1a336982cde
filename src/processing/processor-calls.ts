import { ServiceError } from '../base/errors.ts';
import { UNANSWERED, type Attempt, type Outcome } from './outcome.ts';
import { Patience } from './patience.ts';

/** How many calls of the processor a thread runs at once. */
export const PROCESSOR_CONCURRENCY = 64;

/**
 * How many of them may be detached from their batch. Beyond it batches wait, so that the lane's queue fills up and its
 * partitions pause (invariant 9).
 */
export const MAX_DETACHED_CALLS = 48;

/**
 * Begins a call of the processor.
 * @param onEnd gets its outcome, once and never before `BeginCall` returns
 * @returns a function that ends the call as its timeout would
 */
export type BeginCall = (attempt: Attempt, onEnd: (outcome: Outcome) => void) => () => void;

export interface SlowCallOptions {
  /** the longest that a batch waits for a call, in milliseconds since the call began */
  maxPatienceMs: number;
  /** the call is detached from its batch, which gets `unanswered` as its outcome */
  onDetached: (orderId: string) => void;
  /** a detached call has ended */
  onAnswer: (orderId: string, outcome: Outcome) => void;
}

interface RunningCall {
  orderId: string;
  abort: () => void;
  /** undefined once the call is detached */
  batch: Batch | undefined;
  /** by the monotonic clock, in milliseconds */
  startedAt: number;
}

interface Batch {
  attempts: Iterator<Attempt>;
  /** the attempt to start next */
  next: IteratorResult<Attempt>;
  running: Set<RunningCall>;
  outcomes: Map<string, Outcome>;
  lastStartedAt: number;
  timer: NodeJS.Timeout | undefined;
  /** it waits for all its calls */
  isPatient: boolean;
  /** the patience is over, but too many calls are detached */
  isOverdue: boolean;
  finish: (outcomes: Map<string, Outcome>) => void;
  fail: (error: ServiceError) => void;
}

/**
 * The calls of the processor in a thread, in slots that all batches share. A batch waits for its calls, but not for slow
 * ones: when every call still running has taken longer than the patience, they are detached and keep their slots.
 */
export class ProcessorCalls {
  readonly #begin: BeginCall;
  readonly #slow: SlowCallOptions | undefined;
  readonly #patience: Patience;
  /** batches that wait for calls, the oldest first */
  readonly #batches = new Set<Batch>();
  readonly #detached = new Set<RunningCall>();
  #running = 0;
  #endsPatientBatches = false;

  /** @param slow undefined: batches wait for all their calls */
  constructor(begin: BeginCall, slow: SlowCallOptions | undefined) {
    this.#begin = begin;
    this.#slow = slow;
    this.#patience = new Patience(slow?.maxPatienceMs ?? Infinity);
  }

  /**
   * Runs the calls of a batch and returns their outcomes by order id.
   * @param isPatient waits for all calls, and begins when no detached call is left, so that a crash of the thread can only come from this
   *   batch
   * @throws ServiceError `draining` after `endPatientBatches`, for a patient batch
   */
  run(attempts: Iterable<Attempt>, { isPatient = false } = {}): Promise<Map<string, Outcome>> {
    return new Promise((finish, fail) => {
      const iterator = attempts[Symbol.iterator]();
      const batch: Batch = {
        attempts: iterator,
        next: iterator.next(),
        running: new Set(),
        outcomes: new Map(),
        lastStartedAt: 0,
        timer: undefined,
        isPatient: isPatient || this.#slow === undefined,
        isOverdue: false,
        finish,
        fail,
      };
      this.#batches.add(batch);
      if (isPatient && this.#endsPatientBatches) this.#abandon(batch);
      else this.#startCalls();
    });
  }

  /** Ends the detached calls. */
  abortDetachedCalls(): void {
    for (const { abort } of this.#detached) abort();
  }

  /** Ends the patient batches, whose calls may take long, and refuses further ones. Their outcomes are lost. */
  endPatientBatches(): void {
    this.#endsPatientBatches = true;
    for (const batch of this.#batches) if (batch.isPatient) this.#abandon(batch);
    this.#startCalls();
  }

  #abandon(batch: Batch): void {
    this.#batches.delete(batch);
    batch.fail(new ServiceError('draining', 'The service stops: it does not wait for slow calls.'));
    for (const { abort } of batch.running) abort();
  }

  #startCalls(): void {
    for (const batch of this.#batches) {
      if (batch.isPatient && this.#detached.size > 0) continue;
      while (batch.next.done !== true) {
        if (this.#running === PROCESSOR_CONCURRENCY) return;
        this.#start(batch, batch.next.value);
        batch.next = batch.attempts.next();
      }
      this.#proceed(batch);
    }
  }

  #start(batch: Batch, attempt: Attempt): void {
    const startedAt = performance.now();
    const call: RunningCall = {
      orderId: attempt.command.orderId,
      abort: this.#begin(attempt, (outcome) => this.#end(call, outcome)),
      batch,
      startedAt,
    };
    this.#running += 1;
    batch.running.add(call);
    batch.lastStartedAt = startedAt;
  }

  #end(call: RunningCall, outcome: Outcome): void {
    const { batch, orderId, startedAt } = call;
    this.#running -= 1;
    this.#patience.callEnded(performance.now() - startedAt);
    if (batch === undefined) {
      this.#detached.delete(call);
      this.#slow?.onAnswer(orderId, outcome);
    } else {
      batch.running.delete(call);
      batch.outcomes.set(orderId, outcome);
    }
    this.#startCalls();
  }

  /** Every call of the batch has started: waits for the rest, lets them leave, or finishes. */
  #proceed(batch: Batch): void {
    if (batch.isOverdue) this.#leave(batch);
    if (batch.running.size === 0) this.#finish(batch);
    else if (batch.timer === undefined && !batch.isOverdue && !batch.isPatient) this.#wait(batch);
  }

  /** Waits until the call that started last has used up its patience: before that, the batch has to wait for it anyway. */
  #wait(batch: Batch): void {
    const waitMs = batch.lastStartedAt + this.#patience.ms - performance.now();
    batch.timer = setTimeout(() => {
      // If the thread was busy, answers that have arrived in the meantime come first.
      setImmediate(() => {
        batch.timer = undefined;
        batch.isOverdue = performance.now() >= batch.lastStartedAt + this.#patience.ms;
        if (this.#batches.has(batch)) this.#proceed(batch);
      });
    }, waitMs);
  }

  #leave(batch: Batch): void {
    if (this.#detached.size + batch.running.size > MAX_DETACHED_CALLS) return;
    for (const call of batch.running) {
      call.batch = undefined;
      this.#detached.add(call);
      batch.outcomes.set(call.orderId, UNANSWERED);
      this.#slow?.onDetached(call.orderId);
    }
    batch.running.clear();
  }

  #finish(batch: Batch): void {
    clearTimeout(batch.timer);
    this.#batches.delete(batch);
    batch.finish(batch.outcomes);
  }
}
