import { batchSize } from './batch-size.ts';
import { boundedPool } from './bounded-pool.ts';
import { durability } from './durability.ts';
import type { Experiment } from './experiment.ts';
import { pollingOrStreaming } from './polling-or-streaming.ts';
import { whenToAnswer } from './when-to-answer.ts';

/** In the order of docs/learn.md. */
export const EXPERIMENTS: readonly Experiment[] = [
  whenToAnswer,
  batchSize,
  boundedPool,
  pollingOrStreaming,
  durability,
];
