import type { ProcessorAnswer } from '../../src/pool/processor.ts';

/** The failing processor with its failures switched off. */
export function process(): ProcessorAnswer {
  return { status: 'confirmed' };
}
