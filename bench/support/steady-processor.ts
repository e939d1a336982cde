import type { ProcessorAnswer } from '../../src/processing/processor-api.ts';

/** The failing processor without its failures. */
export function process(): ProcessorAnswer {
  return { status: 'confirmed' };
}
