import type { DecidedCommand, OrderState, Verdict } from '../order/decide.ts';
import type { DeadLetterReason } from '../store/dead-letter.ts';
import type { DecodedRecord } from './decode-batch.ts';
import type { Case, Judgement } from './processor.ts';

/** What becomes of each record of a batch: it is decided now, it waits for a retry, or it has failed for good. */
export interface Triage {
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

export interface TriageOptions {
  present: ReadonlyMap<string, OrderState>;
  /** what `casesOf` brought when it was judged */
  judgements: ReadonlyMap<string, Judgement>;
  /** when the order may be tried again after failing now; undefined when its budget is spent */
  nextAttemptAt: (orderId: string) => number | undefined;
  /** these events waited behind one another: when the first fails for good, the others cannot be decided either */
  haveWaited: boolean;
}

/** Orders that the store has, and repeats within the batch, are not judged again; a failed one is, by its replay. */
export function casesOf(
  records: readonly DecodedRecord[],
  present: ReadonlyMap<string, OrderState>,
  attemptOf: (orderId: string) => number,
): Iterable<Case> {
  const cases = new Map<string, Case>();
  for (const { command, replay } of records) {
    const { orderId } = command;
    if (command.kind !== 'place' || cases.has(orderId)) continue;
    const known = present.get(orderId);
    const isOpen = known === undefined || (replay !== undefined && known.status === 'failed');
    if (isOpen) cases.set(orderId, { command, attempt: attemptOf(orderId) });
  }
  return cases.values();
}

/** Sorts the records of a batch by what judging their orders brought. Pure: no record is judged here. */
export function triage(records: readonly DecodedRecord[], options: TriageOptions): Triage {
  const sorting = new Sorting(options);
  for (const entry of records) sorting.take(entry);
  return sorting.result;
}

class Sorting {
  readonly result: Triage = { commands: [], waiting: new Map(), failed: [] };
  readonly #options: TriageOptions;
  readonly #reported = new Set<string>();
  readonly #givenUp = new Set<string>();
  /** failed before, and confirmed by a replay of this batch */
  readonly #revived = new Set<string>();

  constructor(options: TriageOptions) {
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
      const verdict = this.#verdict(entry);
      if (verdict === undefined) return;
      const isReplay = replay !== undefined;
      this.result.commands.push({ position, command, verdict, isReplay });
    }
  }

  /** While its order is failed, or has no row, a replayed event has nothing to be decided on: it stays a dead letter. */
  #isFailed(orderId: string): boolean {
    const known = this.#options.present.get(orderId);
    if (known === undefined) return !this.#options.judgements.has(orderId);
    return known.status === 'failed' && !this.#revived.has(orderId);
  }

  #follow(entry: DecodedRecord): void {
    const error = 'An earlier event of the order failed for good, behind which this one had waited.';
    this.result.failed.push({ entry, reason: 'predecessor-failed', error });
  }

  /** Undefined when there is none yet, and the order waits. */
  #verdict(entry: DecodedRecord): Verdict | undefined {
    const { orderId } = entry.command;
    const known = this.#options.present.get(orderId);
    const judgement = this.#options.judgements.get(orderId);
    if (judgement === undefined || (known !== undefined && entry.replay === undefined)) return REPEATED;
    if (judgement.status === 'postponed') {
      const dueAt = this.#options.nextAttemptAt(orderId);
      if (dueAt === undefined) return this.#giveUp(entry, 'retries-exhausted', judgement.reason);
      this.result.waiting.set(orderId, { error: judgement.reason, dueAt, records: [entry] });
      return undefined;
    }
    const { status, reason } = judgement;
    if (status === 'failed') return this.#giveUp(entry, 'processor-failed', reason ?? '');
    if (status === 'rejected' && known?.status === 'failed') {
      return this.#giveUp(entry, 'replay-rejected', reason ?? 'The processor rejected the order.');
    }
    if (known?.status === 'failed') this.#revived.add(orderId);
    return { status, reason };
  }

  /** Every copy of a failed replay is reported, the repeats of a failed order are not. */
  #giveUp(entry: DecodedRecord, reason: DeadLetterReason, error: string): Verdict {
    const { orderId } = entry.command;
    if (entry.replay !== undefined || !this.#reported.has(orderId)) {
      this.result.failed.push({ entry, reason, error });
    }
    this.#reported.add(orderId);
    if (this.#options.haveWaited) this.#givenUp.add(orderId);
    return { status: 'failed', reason: error };
  }
}

/** The verdict of an order that is known already; `decide` keeps the first and never looks at it. */
const REPEATED: Verdict = { status: 'confirmed', reason: null };
