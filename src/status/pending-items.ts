import type { ChangeItem } from './change-item.ts';

/** At this length the queue is folded to the latest change of each order. */
const FOLD_AT = 32_768;

/** If more orders than this are pending after folding, the reader is too slow. */
const MAX_ORDERS = FOLD_AT / 2;

/**
 * Invariant 9, for watchers: the changes that a reader has not taken yet, oldest first and bounded. Folding drops a change
 * only if a later change of its order follows in the queue, so no token skips anything.
 */
export class PendingItems {
  #items: ChangeItem[] = [];
  #taken = 0;
  #hasOverflowed = false;

  get hasOverflowed(): boolean {
    return this.#hasOverflowed;
  }

  get isEmpty(): boolean {
    return this.#taken === this.#items.length;
  }

  push(item: ChangeItem): void {
    if (this.#hasOverflowed) return;
    this.#items.push(item);
    if (this.#items.length < FOLD_AT) return;
    this.#items = latestPerOrder(this.#items.slice(this.#taken));
    this.#taken = 0;
    this.#hasOverflowed = this.#items.length > MAX_ORDERS;
  }

  take(): ChangeItem | undefined {
    const item = this.#items[this.#taken];
    if (item === undefined) return undefined;
    this.#taken += 1;
    if (this.isEmpty) {
      this.#items = [];
      this.#taken = 0;
    }
    return item;
  }
}

function latestPerOrder(items: readonly ChangeItem[]): ChangeItem[] {
  const seen = new Set<string>();
  const latest: ChangeItem[] = [];
  for (const item of items.toReversed()) {
    if (seen.has(item.change.orderId)) continue;
    seen.add(item.change.orderId);
    latest.push(item);
  }
  return latest.reverse();
}
