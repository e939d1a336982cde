import type { ProcessorAnswer } from '../../src/processing/processor-api.ts';

/** The failing processor with its failures switched off. */
export function process(): ProcessorAnswer {
  return { status: 'confirmed' };
}
