import type { DecidedCommand, OrderState, FinalOutcome } from '../order/decide.ts';
import type { DeadLetterReason } from '../store/dead-letter.ts';
import type { DecodedRecord } from './decode-batch.ts';
import type { Attempt, Outcome } from './processor.ts';

/** What becomes of each record of a batch: it is decided now, it waits for a retry, or it has failed for good. */
export interface Classification {
  /** to be decided, in log order */
  commands: DecidedCommand[];
  /** by order: the event that failed for now, and the later ones of its order behind it */
  waiting: Map<string, Waiting>;
  failed: FailedEvent[];
}

export interface Waiting {
  error: string;
  /** milliseconds since the epoch */
  dueAt: number;
  records: DecodedRecord[];
}

export interface FailedEvent {
  entry: DecodedRecord;
  reason: DeadLetterReason;
  error: string;
}

export interface ClassifyOptions {
  loadedState: ReadonlyMap<string, OrderState>;
  /** what `attemptsOf` brought when it was decided */
  outcomes: ReadonlyMap<string, Outcome>;
  /** when the order may be tried again after failing now; undefined when its budget is spent */
  nextAttemptAt: (orderId: string) => number | undefined;
  /** these events waited behind one another: when the first fails for good, the others cannot be decided either */
  haveWaited: boolean;
}

/** Orders that the store has, and repeats within the batch, are not decided again; a failed one is, by its replay. */
export function attemptsOf(
  records: readonly DecodedRecord[],
  loadedState: ReadonlyMap<string, OrderState>,
  attemptOf: (orderId: string) => number,
): Iterable<Attempt> {
  const attempts = new Map<string, Attempt>();
  for (const { command, replay } of records) {
    const { orderId } = command;
    if (command.kind !== 'place' || attempts.has(orderId)) continue;
    const known = loadedState.get(orderId);
    const isOpen = known === undefined || (replay !== undefined && known.status === 'failed');
    if (isOpen) attempts.set(orderId, { command, attempt: attemptOf(orderId) });
  }
  return attempts.values();
}

/** Sorts the records of a batch by what judging their orders brought. Pure: no record is decided here. */
export function classify(records: readonly DecodedRecord[], options: ClassifyOptions): Classification {
  const sorting = new Sorting(options);
  for (const entry of records) sorting.take(entry);
  return sorting.result;
}

class Sorting {
  readonly result: Classification = { commands: [], waiting: new Map(), failed: [] };
  readonly #options: ClassifyOptions;
  readonly #reported = new Set<string>();
  readonly #givenUp = new Set<string>();
  /** failed before, and confirmed by a replay of this batch */
  readonly #revived = new Set<string>();

  constructor(options: ClassifyOptions) {
    this.#options = options;
  }

  take(entry: DecodedRecord): void {
    const { command, position, replay } = entry;
    const { orderId } = command;
    const waiting = this.result.waiting.get(orderId);
    if (waiting !== undefined) {
      waiting.records.push(entry);
    } else if (this.#givenUp.has(orderId)) {
      this.#follow(entry);
    } else if (command.kind === 'transition') {
      if (replay !== undefined && this.#isFailed(orderId)) this.#follow(entry);
      else this.result.commands.push({ position, command });
    } else {
      const outcome = this.#outcome(entry);
      if (outcome === undefined) return;
      const isReplay = replay !== undefined;
      this.result.commands.push({ position, command, outcome, isReplay });
    }
  }

  /** While its order is failed, or has no row, a replayed event has nothing to be decided on: it stays a dead letter. */
  #isFailed(orderId: string): boolean {
    const known = this.#options.loadedState.get(orderId);
    if (known === undefined) return !this.#options.outcomes.has(orderId);
    return known.status === 'failed' && !this.#revived.has(orderId);
  }

  #follow(entry: DecodedRecord): void {
    const error = 'An earlier event of the order failed for good, behind which this one had waited.';
    this.result.failed.push({ entry, reason: 'predecessor-failed', error });
  }

  /** Undefined when there is none yet, and the order waits. */
  #outcome(entry: DecodedRecord): FinalOutcome | undefined {
    const { orderId } = entry.command;
    const known = this.#options.loadedState.get(orderId);
    const outcome = this.#options.outcomes.get(orderId);
    if (outcome === undefined || (known !== undefined && entry.replay === undefined)) return REPEATED;
    if (outcome.status === 'retry') {
      const dueAt = this.#options.nextAttemptAt(orderId);
      if (dueAt === undefined) return this.#giveUp(entry, 'retries-exhausted', outcome.reason);
      this.result.waiting.set(orderId, { error: outcome.reason, dueAt, records: [entry] });
      return undefined;
    }
    const { status, reason } = outcome;
    if (status === 'failed') return this.#giveUp(entry, 'processor-failed', reason ?? '');
    if (status === 'rejected' && known?.status === 'failed') {
      return this.#giveUp(entry, 'replay-rejected', reason ?? 'The processor rejected the order.');
    }
    if (known?.status === 'failed') this.#revived.add(orderId);
    return { status, reason };
  }

  /** Every copy of a failed replay is reported, the repeats of a failed order are not. */
  #giveUp(entry: DecodedRecord, reason: DeadLetterReason, error: string): FinalOutcome {
    const { orderId } = entry.command;
    if (entry.replay !== undefined || !this.#reported.has(orderId)) {
      this.result.failed.push({ entry, reason, error });
    }
    this.#reported.add(orderId);
    if (this.#options.haveWaited) this.#givenUp.add(orderId);
    return { status: 'failed', reason: error };
  }
}

/** The outcome of an order that is known already; `decide` keeps the first and never looks at it. */
const REPEATED: FinalOutcome = { status: 'confirmed', reason: null };
