import type { ProcessorAnswer } from '../../src/processing/processor.ts';

/** The failing processor with its failures switched off. */
export function process(): ProcessorAnswer {
  return { status: 'confirmed' };
}
