import { setTimeout as delay } from 'node:timers/promises';
import type { Scene } from './attack.ts';

const TICK_MS = 10;

export interface Rate {
  perSecond: number;
  /** calls that have not ended */
  maxInFlight: number;
  /** at most this many calls; unlimited by default */
  count?: number;
}

/**
 * Calls `act` at a steady rate until the signal aborts, then waits for the calls in flight. Calls that do not fit into
 * `maxInFlight` are left out, not postponed.
 */
export async function atRate(
  { signal }: Pick<Scene, 'signal'>,
  { perSecond, maxInFlight, count = Infinity }: Rate,
  act: (index: number) => Promise<unknown>,
): Promise<void> {
  const startedAt = performance.now();
  const inFlight = new Set<Promise<unknown>>();
  let begun = 0;
  let due = 0;
  while (!signal.aborted && begun < count) {
    const nowDue = 1 + Math.floor(((performance.now() - startedAt) * perSecond) / 1_000);
    for (; due < nowDue && begun < count; due += 1) {
      if (inFlight.size >= maxInFlight) continue;
      const call: Promise<unknown> = act(begun).finally(() => inFlight.delete(call));
      inFlight.add(call);
      begun += 1;
    }
    await delay(TICK_MS);
  }
  await Promise.all(inFlight);
}

/** Resolves when the attack's time is over. */
export async function untilEnd({ signal }: Pick<Scene, 'signal'>): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}
