import { setTimeout as delay } from 'node:timers/promises';

export interface WaitOptions {
  deadlineMs: number;
  everyMs?: number;
  signal?: AbortSignal | undefined;
}

/**
 * Checks the condition until it holds.
 * @returns false when the deadline passes first
 * @throws the signal's reason
 */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  { deadlineMs, everyMs = 50, signal }: WaitOptions,
): Promise<boolean> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    signal?.throwIfAborted();
    if (await condition()) return true;
    if (performance.now() >= end) return false;
    await delay(everyMs, undefined, { signal });
  }
}
