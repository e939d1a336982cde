import type { ErrorDetail } from '../base/error-detail.ts';
import type { Position } from '../base/position.ts';
import { mayRequest, mayUse, type OrderParties } from './access.ts';
import type { ChangeDetails, PlaceOrder, RequestTransition, StatusChange } from './commands.ts';
import { canTransition, type OrderStatus } from './lifecycle.ts';

/** What `decide` needs to know about a stored order. */
export interface OrderState {
  id: string;
  customerId: string;
  merchantId: string;
  status: OrderStatus;
  version: number;
}

/** What the processor decided about a new order. */
export interface FinalOutcome {
  status: 'confirmed' | 'rejected' | 'failed';
  /** from the processor; what customers see of a rejected or failed order is a fixed text */
  reason: string | null;
  /** what `failed` comes from, if it was thrown; `reason` is its line */
  error?: ErrorDetail | undefined;
}

/** A command with its position in the log; a new or replayed order comes with its outcome. */
export type DecidedCommand =
  | {
      position: Position;
      command: PlaceOrder;
      outcome: FinalOutcome;
      isReplay?: boolean;
      details?: ChangeDetails | undefined;
    }
  | { position: Position; command: RequestTransition };

/** A row to insert: the order after the whole batch. */
export interface PlacedOrder {
  command: PlaceOrder;
  state: OrderState;
  updatedAt: number;
}

/** A row to update. */
export interface MovedOrder {
  state: OrderState;
  updatedAt: number;
}

/** A transition request that is refused; it changes nothing. */
export interface RefusedTransition {
  orderId: string;
  position: Position;
  code: 'order-not-found' | 'access-denied' | 'transition-not-allowed' | 'version-mismatch';
}

export interface Decision {
  placed: PlacedOrder[];
  moved: MovedOrder[];
  /** every new version, in order: these become the history rows and the status events */
  changes: StatusChange[];
  refused: RefusedTransition[];
}

/**
 * The business rules as one pure function: from the loaded states and the commands of a batch, in log order, it computes
 * what to save. It does no input or output, so both stores behave the same.
 *
 * Invariant 3: it skips commands below their partition's `progress` (the next offset to apply), because they were applied
 * before. A redelivered batch changes nothing.
 */
export function decide(
  states: ReadonlyMap<string, OrderState>,
  progress: ReadonlyMap<number, number>,
  commands: readonly DecidedCommand[],
  now: number,
): Decision {
  const batch = new BatchDecision(states, now);
  for (const entry of commands) {
    if (entry.position.offset >= (progress.get(entry.position.partition) ?? 0)) batch.apply(entry);
  }
  return batch.result();
}

class BatchDecision {
  readonly #loaded: ReadonlyMap<string, OrderState>;
  readonly #now: number;
  readonly #placed = new Map<string, PlacedOrder>();
  readonly #moved = new Map<string, MovedOrder>();
  readonly #changes: StatusChange[] = [];
  readonly #refused: RefusedTransition[] = [];

  constructor(loaded: ReadonlyMap<string, OrderState>, now: number) {
    this.#loaded = loaded;
    this.#now = now;
  }

  apply(entry: DecidedCommand): void {
    if ('outcome' in entry) this.#place(entry);
    else this.#transition(entry.command, entry.position);
  }

  result(): Decision {
    return {
      placed: [...this.#placed.values()],
      moved: [...this.#moved.values()],
      changes: this.#changes,
      refused: this.#refused,
    };
  }

  /**
   * The first order of an id wins: a repeated idempotency key changes nothing. A replayed dead letter may confirm a failed
   * order; further replays change nothing.
   */
  #place(decided: Extract<DecidedCommand, { outcome: FinalOutcome }>): void {
    const { command, outcome, position, isReplay, details } = decided;
    const known = this.#stateOf(command.orderId);
    if (known === undefined) {
      const { customerId, merchantId } = command.order;
      const state = { id: command.orderId, customerId, merchantId, status: outcome.status, version: 1 };
      this.#placed.set(state.id, { command, state, updatedAt: this.#now });
      this.#record(state, outcome.reason, position, details);
    } else if (isReplay === true && known.status === 'failed' && outcome.status === 'confirmed') {
      this.#move(known, 'confirmed', outcome.reason, position, details);
    }
  }

  #transition(command: RequestTransition, position: Position): void {
    const state = this.#stateOf(command.orderId);
    const refusal = refuse(state, command);
    if (state === undefined || refusal !== undefined) {
      this.#refused.push({ orderId: command.orderId, position, code: refusal ?? 'order-not-found' });
      return;
    }
    this.#move(state, command.to, command.reason ?? null, position);
  }

  #move(
    from: OrderState,
    to: OrderStatus,
    reason: string | null,
    cause: Position,
    details?: ChangeDetails,
  ): void {
    const state = { ...from, status: to, version: from.version + 1 };
    const placed = this.#placed.get(state.id);
    if (placed === undefined) this.#moved.set(state.id, { state, updatedAt: this.#now });
    else placed.state = state;
    this.#record(state, reason, cause, details);
  }

  #stateOf(orderId: string): OrderState | undefined {
    return this.#placed.get(orderId)?.state ?? this.#moved.get(orderId)?.state ?? this.#loaded.get(orderId);
  }

  #record(state: OrderState, reason: string | null, cause: Position, details?: ChangeDetails): void {
    const { id, customerId, merchantId, status, version } = state;
    const change: StatusChange = {
      orderId: id,
      customerId,
      merchantId,
      status,
      version,
      at: this.#now,
      reason,
      cause,
    };
    if (details !== undefined) change.details = details;
    this.#changes.push(change);
  }
}

/** What the decision about a transition request depends on, besides the order. */
export type TransitionTerms = Pick<RequestTransition, 'to' | 'expectedVersion' | 'actor'>;

/**
 * Why a transition request is refused; undefined if it is granted. Invariant 12: an order that the actor may not use is refused like
 * an unknown one.
 */
export function refuse(
  state: (Pick<OrderState, 'status' | 'version'> & OrderParties) | undefined,
  request: TransitionTerms,
): RefusedTransition['code'] | undefined {
  if (state === undefined || !mayUse(request.actor, state)) return 'order-not-found';
  return refuseOwn(state, request);
}

/**
 * The same for an order that the actor may use. The API calls it to refuse early; what the pipeline decides is final.
 */
export function refuseOwn(
  state: Pick<OrderState, 'status' | 'version'>,
  request: TransitionTerms,
): Exclude<RefusedTransition['code'], 'order-not-found'> | undefined {
  if (!mayRequest(request.actor, request.to)) return 'access-denied';
  if (!isExpectedVersion(state.version, request.expectedVersion)) return 'version-mismatch';
  if (!canTransition(state.status, request.to)) return 'transition-not-allowed';
  return undefined;
}

/**
 * Version 0 means that the caller saw the order as `accepted`. The pipeline sets version 1 without a request, so version 1
 * matches as well; otherwise a customer could not cancel right after ordering.
 */
function isExpectedVersion(version: number, expected: number | undefined): boolean {
  return expected === undefined || expected === version || (expected === 0 && version === 1);
}
