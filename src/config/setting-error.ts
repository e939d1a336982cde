import type { FieldError } from '../base/errors.ts';
import { maskSecrets } from './mask.ts';

export type Source = 'default' | 'environment' | 'command line';

/** An invalid setting; it prevents the start. */
export interface SettingError {
  name: string;
  value: string;
  source: Source;
  /** what is wrong and what to do; completes a sentence that begins with the setting */
  problem: string;
}

/** One line: the setting, its value (masked if secret), what is wrong and what to do. */
export function toFieldError({ name, value, source, problem }: SettingError): FieldError {
  const shown = JSON.stringify(maskSecrets(name, value));
  const given = source === 'command line' ? `--${name.toLowerCase()} ${shown}` : `${name}=${shown}`;
  return { pointer: `/${name}`, detail: `${given}${source === 'default' ? ' (default)' : ''} ${problem}.` };
}
