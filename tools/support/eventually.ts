import { waitUntil } from './wait-until.ts';

export interface EventuallyOptions {
  /** what the caller waits for; ends the error message */
  what: string;
  /** generous by default, because a busy machine is slow */
  timeoutMs?: number;
}

/** Waits until the condition holds. @throws Error when the deadline passes first */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  { what, timeoutMs = 30_000 }: EventuallyOptions,
): Promise<void> {
  if (await waitUntil(condition, { deadlineMs: timeoutMs, everyMs: 5 })) return;
  throw new Error(`Timed out after ${timeoutMs} ms waiting for ${what}`);
}
