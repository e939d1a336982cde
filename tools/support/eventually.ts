import { waitUntil } from './wait-until.ts';

export interface EventuallyOptions {
  /** what is waited for, as the error message says it */
  what: string;
  /** generous by default: a busy machine is slow, not wrong */
  timeoutMs?: number;
}

/** Waits until the condition holds. @throws Error when the deadline passes first */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  { what, timeoutMs = 30_000 }: EventuallyOptions,
): Promise<void> {
  if (await waitUntil(condition, { deadlineMs: timeoutMs, everyMs: 5 })) return;
  throw new Error(`Waited ${timeoutMs} ms in vain for ${what}`);
}
