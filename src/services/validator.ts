import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { ServiceError } from '../base/errors.ts';
import { listValidationErrors } from './validation-errors.ts';

export interface Validator<T> {
  check(value: unknown): value is T;
  /** `validation-failed` for a value that did not pass. */
  errorOf(value: unknown): ServiceError;
}

export function createValidator<Schema extends TSchema>(schema: Schema): Validator<Static<Schema>> {
  const compiled = Compile(schema);
  return {
    check: (value): value is Static<Schema> => compiled.Check(value),
    errorOf(value) {
      const errors = listValidationErrors(schema, value);
      const first = errors[0] ?? { pointer: '', detail: 'does not match the schema' };
      const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
      const where = first.pointer === '' ? 'The body' : first.pointer;
      return new ServiceError('validation-failed', `${where} ${first.detail}${more}`, {
        errors: errors.length === 0 ? [first] : errors,
      });
    },
  };
}
