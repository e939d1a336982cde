import { setTimeout as pause } from 'node:timers/promises';

export interface WaitOptions {
  deadlineMs: number;
  everyMs?: number;
  signal?: AbortSignal | undefined;
}

/** Asks until the answer is yes (true) or the deadline has passed (false); rejects when the signal aborts. */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  { deadlineMs, everyMs = 50, signal }: WaitOptions,
): Promise<boolean> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    signal?.throwIfAborted();
    if (await condition()) return true;
    if (performance.now() >= end) return false;
    await pause(everyMs, undefined, { signal });
  }
}
