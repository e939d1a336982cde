import { setTimeout as delay } from 'node:timers/promises';

export interface EventuallyOptions {
  /** what is waited for, for the error's message */
  what: string;
  /** far more than it takes: a machine that is busy with other tests is slow, not wrong */
  timeoutMs?: number;
}

/** Looks at the condition until it holds. @throws Error when the deadline passes first */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  { what, timeoutMs = 30_000 }: EventuallyOptions,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Waited ${timeoutMs} ms in vain for ${what}`);
    await delay(5);
  }
}
