import type { ProcessorAnswer } from '../../src/processing/processor-api.ts';

/** The reference for the failing processor: confirms every order. */
export function process(): ProcessorAnswer {
  return { status: 'confirmed' };
}
