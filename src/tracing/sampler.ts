import type { SamplerConfig } from '../config/tracing-config.ts';

/** The digits of a trace id that are random by https://www.w3.org/TR/trace-context-2/#random-trace-id-flag; 13 fit into a number. */
const RANDOM_FROM = 18;
const RANDOM_DIGITS = 13;
const RANDOM_VALUES = 16 ** RANDOM_DIGITS;

/** Whether to trace the requests of a trace. The same trace gets the same answer in each process with the same ratio. */
export function isSampled(traceId: string, { ratio }: Pick<SamplerConfig, 'ratio'>): boolean {
  if (ratio >= 1) return true;
  if (ratio <= 0) return false;
  const digits = traceId.slice(RANDOM_FROM, RANDOM_FROM + RANDOM_DIGITS);
  return Number.parseInt(digits, 16) >= (1 - ratio) * RANDOM_VALUES;
}
