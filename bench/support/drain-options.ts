import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';

export interface DrainOptions {
  rounds: number;
  orders: number;
  threads: number;
  batch: number;
}

/** `--rounds N --orders N --threads N --batch N` */
export function drainOptions(defaults: { rounds: number; batch?: number }): DrainOptions {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: String(defaults.rounds) },
      orders: { type: 'string', default: '60000' },
      threads: { type: 'string', default: String(Math.max(1, availableParallelism() - 1)) },
      batch: { type: 'string', default: String(defaults.batch ?? 500) },
    },
  });
  return {
    rounds: Number(values.rounds),
    orders: Number(values.orders),
    threads: Number(values.threads),
    batch: Number(values.batch),
  };
}
