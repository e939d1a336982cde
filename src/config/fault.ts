import type { FieldError } from '../base/errors.ts';
import { maskSecrets } from './mask.ts';

export type Source = 'default' | 'environment' | 'command line';

/** What is wrong with one setting. */
export interface Fault {
  name: string;
  value: string;
  source: Source;
  /** what is wrong and what to do, as the rest of a sentence that begins with the setting */
  problem: string;
}

/** One line with setting, value (masked if secret), what is wrong and what to do. */
export function toFieldError(fault: Fault): FieldError {
  const { name, source, problem } = fault;
  const shown = JSON.stringify(maskSecrets(name, fault.value));
  const given = source === 'command line' ? `--${name.toLowerCase()} ${shown}` : `${name}=${shown}`;
  return { pointer: `/${name}`, detail: `${given}${source === 'default' ? ' (default)' : ''} ${problem}.` };
}
