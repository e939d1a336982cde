import { setTimeout as delay } from 'node:timers/promises';

/** Calls `begin` `count` times at a steady rate (calls a second), without waiting for the work to finish. */
export async function paced(count: number, rate: number, begin: (index: number) => void): Promise<void> {
  const startedAt = performance.now();
  for (let index = 0; index < count; index += 1) {
    const early = startedAt + (index * 1_000) / rate - performance.now();
    if (early > 1) await delay(early);
    begin(index);
  }
}
