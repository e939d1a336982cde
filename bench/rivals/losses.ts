/** One order as the log or the store has it. */
export interface KeptOrder {
  id: string;
  /** unique for each request of the load */
  customerId: string;
}

export interface SentOrder {
  customerId: string;
  /** 202 with an id, another answer, or none in time */
  outcome: { acknowledged: string } | { refused: number } | 'no answer';
}

export interface Losses {
  acknowledged: number;
  refused: number;
  unanswered: number;
  /** acknowledged, but not kept */
  lost: number;
  /** not acknowledged, but kept all the same: a client that sends again orders twice */
  keptUnacknowledged: number;
  /** kept more than once, although sent once */
  duplicated: number;
}

export function isAccepted({ outcome }: SentOrder): boolean {
  return typeof outcome === 'object' && 'acknowledged' in outcome;
}

/** Compares what the clients were told with what was kept. */
export function lossesOf(sent: readonly SentOrder[], kept: readonly KeptOrder[]): Losses {
  const ids = new Set(kept.map(({ id }) => id));
  const copies = new Map<string, number>();
  for (const { customerId } of kept) copies.set(customerId, (copies.get(customerId) ?? 0) + 1);
  const losses: Losses = {
    ...{ acknowledged: 0, refused: 0, unanswered: 0 },
    ...{ lost: 0, keptUnacknowledged: 0, duplicated: 0 },
  };
  for (const { customerId, outcome } of sent) {
    const count = copies.get(customerId) ?? 0;
    if (count > 1) losses.duplicated += 1;
    if (typeof outcome === 'object' && 'acknowledged' in outcome) {
      losses.acknowledged += 1;
      if (!ids.has(outcome.acknowledged)) losses.lost += 1;
      continue;
    }
    if (outcome === 'no answer') losses.unanswered += 1;
    else losses.refused += 1;
    if (count > 0) losses.keptUnacknowledged += 1;
  }
  return losses;
}
