import { InvalidArgumentError } from 'commander';
import { isScope, SCOPES, type Scope } from '../../auth/scopes.ts';
import { parseDuration } from '../../base/duration.ts';

// Parsers for the options of commands that make credentials. All throw InvalidArgumentError, which says what to give instead.

/** Scopes separated by commas, each once. */
export function scopes(text: string): Scope[] {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !isScope(name));
  if (unknown !== undefined) {
    throw new InvalidArgumentError(
      `${JSON.stringify(unknown)} is no scope. Give some of ${SCOPES.join(', ')}.`,
    );
  }
  return [...new Set(names.filter(isScope))];
}

/** The id of a customer or merchant. */
export function identifier(text: string): string {
  if (/^[A-Za-z0-9._:-]{1,64}$/.test(text)) return text;
  throw new InvalidArgumentError('Give an id as orders have it: 1 to 64 of A-Z a-z 0-9 . _ : -');
}

/** A duration such as `90d`, in milliseconds. */
export function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  throw new InvalidArgumentError('Give a number and a unit: d, h, m or s, such as 90d.');
}
