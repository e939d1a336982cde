import type { ChangeItem } from './change-item.ts';

/** Of a reader that lags by so much only the latest change of each order is kept. */
const FOLD_AT = 32_768;

/** Orders that changed while a reader did not read: with more it is given up. */
const MOST_ORDERS = FOLD_AT / 2;

/**
 * What a reader has not taken yet, oldest first and bounded. Folding keeps the order of the latest changes: what is left
 * out has a later change of its order after it, so a token never passes over anything.
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
    this.#items = latestOfEach(this.#items.slice(this.#taken));
    this.#taken = 0;
    this.#hasOverflowed = this.#items.length > MOST_ORDERS;
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

function latestOfEach(items: readonly ChangeItem[]): ChangeItem[] {
  const seen = new Set<string>();
  const latest: ChangeItem[] = [];
  for (const item of items.toReversed()) {
    if (seen.has(item.change.orderId)) continue;
    seen.add(item.change.orderId);
    latest.push(item);
  }
  return latest.reverse();
}
