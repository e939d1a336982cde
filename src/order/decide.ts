import type { Position } from '../base/position.ts';
import type { PlaceOrder, RequestTransition, StatusChange } from './commands.ts';
import { canTransition, type OrderStatus } from './lifecycle.ts';

/** What `decide` needs to know of an order that the store has. */
export interface OrderState {
  id: string;
  customerId: string;
  merchantId: string;
  status: OrderStatus;
  version: number;
}

/** What the processor said of a new order. */
export interface FinalOutcome {
  status: 'confirmed' | 'rejected' | 'failed';
  reason: string | null;
}

/** A command with the place it stands in the log; a new order, or a replayed one, comes with its outcome. */
export type DecidedCommand =
  | { position: Position; command: PlaceOrder; outcome: FinalOutcome; isReplay?: boolean }
  | { position: Position; command: RequestTransition };

/** A row to insert: the order as it stands after the whole batch. */
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

/** A wish that was not granted; it changes nothing. */
export interface Rejection {
  orderId: string;
  position: Position;
  code: 'order-not-found' | 'transition-not-allowed' | 'version-mismatch';
}

export interface Decision {
  placed: PlacedOrder[];
  moved: MovedOrder[];
  /** every new version in the order in which it came about: the history rows and the status events alike */
  changes: StatusChange[];
  rejections: Rejection[];
}

/**
 * The rules of the house as one pure function: the present states and the commands of a batch, in log order, give
 * what is to be saved. It neither loads nor saves, so that no two stores can differ in behaviour.
 *
 * A command below its partition's `progress` (the next offset to be applied) was applied before and is passed over:
 * a redelivered batch decides nothing.
 */
export function decide(
  present: ReadonlyMap<string, OrderState>,
  progress: ReadonlyMap<number, number>,
  commands: readonly DecidedCommand[],
  now: number,
): Decision {
  const batch = new BatchDecision(present, now);
  for (const entry of commands) {
    if (entry.position.offset >= (progress.get(entry.position.partition) ?? 0)) batch.take(entry);
  }
  return batch.result();
}

class BatchDecision {
  readonly #present: ReadonlyMap<string, OrderState>;
  readonly #now: number;
  readonly #placed = new Map<string, PlacedOrder>();
  readonly #moved = new Map<string, MovedOrder>();
  readonly #changes: StatusChange[] = [];
  readonly #rejections: Rejection[] = [];

  constructor(present: ReadonlyMap<string, OrderState>, now: number) {
    this.#present = present;
    this.#now = now;
  }

  take(entry: DecidedCommand): void {
    if ('outcome' in entry) this.#place(entry);
    else this.#transition(entry.command, entry.position);
  }

  result(): Decision {
    return {
      placed: [...this.#placed.values()],
      moved: [...this.#moved.values()],
      changes: this.#changes,
      rejections: this.#rejections,
    };
  }

  /**
   * The first order of an id stays: a repeat of an idempotency key finds it and changes nothing. A dead letter that is
   * replayed may confirm the order that had failed; once it has, a further replay changes nothing either.
   */
  #place({ command, outcome, position, isReplay }: Extract<DecidedCommand, { outcome: FinalOutcome }>): void {
    const known = this.#stateOf(command.orderId);
    if (known === undefined) {
      const { customerId, merchantId } = command.order;
      const state = { id: command.orderId, customerId, merchantId, status: outcome.status, version: 1 };
      this.#placed.set(state.id, { command, state, updatedAt: this.#now });
      this.#record(state, outcome.reason, position);
    } else if (isReplay === true && known.status === 'failed' && outcome.status === 'confirmed') {
      this.#move(known, 'confirmed', outcome.reason, position);
    }
  }

  #transition(command: RequestTransition, position: Position): void {
    const state = this.#stateOf(command.orderId);
    const refusal = refuse(state, command);
    if (state === undefined || refusal !== undefined) {
      this.#rejections.push({ orderId: command.orderId, position, code: refusal ?? 'order-not-found' });
      return;
    }
    this.#move(state, command.to, command.reason ?? null, position);
  }

  #move(from: OrderState, to: OrderStatus, reason: string | null, cause: Position): void {
    const state = { ...from, status: to, version: from.version + 1 };
    const placed = this.#placed.get(state.id);
    if (placed === undefined) this.#moved.set(state.id, { state, updatedAt: this.#now });
    else placed.state = state;
    this.#record(state, reason, cause);
  }

  #stateOf(orderId: string): OrderState | undefined {
    return this.#placed.get(orderId)?.state ?? this.#moved.get(orderId)?.state ?? this.#present.get(orderId);
  }

  #record(state: OrderState, reason: string | null, cause: Position): void {
    const { id, customerId, merchantId, status, version } = state;
    this.#changes.push({
      orderId: id,
      customerId,
      merchantId,
      status,
      version,
      at: this.#now,
      reason,
      cause,
    });
  }
}

/**
 * Why a transition is not granted, or undefined when it is. HTTP asks the same question early, of what is stored;
 * the answer that counts is given here, in the order's turn.
 */
export function refuse(
  state: Pick<OrderState, 'status' | 'version'> | undefined,
  wish: Pick<RequestTransition, 'to' | 'expectedVersion'>,
): Rejection['code'] | undefined {
  if (state === undefined) return 'order-not-found';
  if (!versionMet(state.version, wish.expectedVersion)) return 'version-mismatch';
  if (!canTransition(state.status, wish.to)) return 'transition-not-allowed';
  return undefined;
}

/**
 * Version 0 names an order that its caller saw as `accepted`. Its first processed status follows by itself, so the
 * wish is still met by version 1: a customer may cancel at once.
 */
function versionMet(version: number, expected: number | undefined): boolean {
  return expected === undefined || expected === version || (expected === 0 && version === 1);
}
