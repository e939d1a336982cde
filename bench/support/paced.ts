import { setTimeout as delay } from 'node:timers/promises';

/** Begins `count` pieces of work evenly at `rate` a second, without waiting for those before. */
export async function paced(count: number, rate: number, begin: (index: number) => void): Promise<void> {
  const startedAt = performance.now();
  for (let index = 0; index < count; index += 1) {
    const early = startedAt + (index * 1_000) / rate - performance.now();
    if (early > 1) await delay(early);
    begin(index);
  }
}
