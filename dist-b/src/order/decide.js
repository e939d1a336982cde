import { canTransition } from "./lifecycle.js";
/**
 * The rules of the house as one pure function: the present states and the commands of a batch, in log order, give
 * what is to be saved. It neither loads nor saves, so that no two stores can differ in behaviour.
 *
 * A command below its partition's `progress` (the next offset to be applied) was applied before and is passed over:
 * a redelivered batch decides nothing.
 */
export function decide(present, progress, commands, now) {
    const batch = new BatchDecision(present, now);
    for (const entry of commands) {
        if (entry.position.offset >= (progress.get(entry.position.partition) ?? 0))
            batch.take(entry);
    }
    return batch.result();
}
class BatchDecision {
    #present;
    #now;
    #placed = new Map();
    #moved = new Map();
    #changes = [];
    #rejections = [];
    constructor(present, now) {
        this.#present = present;
        this.#now = now;
    }
    take(entry) {
        if ('verdict' in entry)
            this.#place(entry.command, entry.verdict, entry.position);
        else
            this.#transition(entry.command, entry.position);
    }
    result() {
        return {
            placed: [...this.#placed.values()],
            moved: [...this.#moved.values()],
            changes: this.#changes,
            rejections: this.#rejections,
        };
    }
    /** The first order of an id stays: a repeat of an idempotency key finds it and changes nothing. */
    #place(command, verdict, position) {
        if (this.#stateOf(command.orderId) !== undefined)
            return;
        const { customerId, merchantId } = command.order;
        const state = { id: command.orderId, customerId, merchantId, status: verdict.status, version: 1 };
        this.#placed.set(state.id, { command, state, updatedAt: this.#now });
        this.#record(state, verdict.reason, position);
    }
    #transition(command, position) {
        const state = this.#stateOf(command.orderId);
        const refusal = refuse(state, command);
        if (state === undefined || refusal !== undefined) {
            this.#rejections.push({ orderId: command.orderId, position, code: refusal ?? 'order-not-found' });
            return;
        }
        const next = { ...state, status: command.to, version: state.version + 1 };
        const placed = this.#placed.get(next.id);
        if (placed === undefined)
            this.#moved.set(next.id, { state: next, updatedAt: this.#now });
        else
            placed.state = next;
        this.#record(next, command.reason ?? null, position);
    }
    #stateOf(orderId) {
        return this.#placed.get(orderId)?.state ?? this.#moved.get(orderId)?.state ?? this.#present.get(orderId);
    }
    #record(state, reason, cause) {
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
export function refuse(state, wish) {
    if (state === undefined)
        return 'order-not-found';
    if (!versionMet(state.version, wish.expectedVersion))
        return 'version-mismatch';
    if (!canTransition(state.status, wish.to))
        return 'transition-not-allowed';
    return undefined;
}
/**
 * Version 0 names an order that its caller saw as `accepted`. Its first processed status follows by itself, so the
 * wish is still met by version 1: a customer may cancel at once.
 */
function versionMet(version, expected) {
    return expected === undefined || expected === version || (expected === 0 && version === 1);
}
//# sourceMappingURL=decide.js.map