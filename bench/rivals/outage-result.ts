import type { TimedOrder } from './loads.ts';
import { isAccepted, lossesOf, type KeptOrder } from './losses.ts';
import { latenciesOf } from './percentile.ts';
import type { OutageResult } from './results.ts';

/** How long the load goes on after the broker answers again. */
export const AFTER_OUTAGE_MS = 20_000;

/** The last part of that time: a rival that refuses an order in it has not recovered. */
const CALM_MS = 5_000;

/** @param readyAt when the broker answered again, on the clock of `scheduledAt` */
export function outageResult(
  sent: readonly TimedOrder[],
  kept: readonly KeptOrder[],
  readyAt: number,
): OutageResult {
  const failed = sent.filter((order) => !isAccepted(order));
  const lastFailed = Math.max(readyAt, ...failed.map(({ scheduledAt }) => scheduledAt));
  const calmFrom = readyAt + AFTER_OUTAGE_MS - CALM_MS;
  const isCalm = lastFailed < calmFrom && sent.some(({ scheduledAt }) => scheduledAt >= calmFrom);
  return {
    ...lossesOf(sent, kept),
    refusalMs: failed.length === 0 ? null : latenciesOf(failed.map(({ latencyMs }) => latencyMs)),
    recoveredAfterMs: isCalm ? lastFailed - readyAt : null,
  };
}
