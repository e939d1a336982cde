import type { FastifySchemaCompiler } from 'fastify';
import { IsInteger, IsObject, type Static, type TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { ServiceError } from '../base/errors.ts';
import { listFaults } from './faults.ts';

export interface Validator<T> {
  check(value: unknown): value is T;
  /** What is wrong with a value that did not pass. */
  errorOf(value: unknown): ServiceError;
}

export function createValidator<Schema extends TSchema>(schema: Schema): Validator<Static<Schema>> {
  const compiled = Compile(schema);
  return {
    check: (value): value is Static<Schema> => compiled.Check(value),
    errorOf(value) {
      const errors = listFaults(schema, value);
      const first = errors[0] ?? { pointer: '', detail: 'does not match the schema' };
      const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
      const where = first.pointer === '' ? 'The body' : first.pointer;
      return new ServiceError('validation-failed', `${where} ${first.detail}${more}`, {
        errors: errors.length === 0 ? [first] : errors,
      });
    },
  };
}

/** Checks every part of a request as it came: nothing is removed, nothing is filled in, and no body is coerced. */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const validator = createValidator(schema);
  if (httpPart === 'querystring') {
    const readNumbers = integerReader(schema);
    return (query) => {
      const value = readNumbers(query as Query);
      return validator.check(value) ? { value } : { error: validator.errorOf(value) };
    };
  }
  return (value: unknown) => validator.check(value) || { error: validator.errorOf(value) };
};

type Query = Record<string, unknown>;

/** A query has no numbers, only their text: plain decimal digits are read as one, anything else stays and is refused. */
function integerReader(schema: TSchema): (query: Query) => Query {
  const properties = IsObject(schema) ? Object.entries(schema.properties) : [];
  const names = properties.filter(([, property]) => IsInteger(property)).map(([name]) => name);
  if (names.length === 0) return (query) => query;
  return (query) => {
    const read = { ...query };
    for (const name of names) {
      const text = query[name];
      if (typeof text === 'string' && /^(?:0|[1-9]\d{0,14})$/.test(text)) read[name] = Number(text);
    }
    return read;
  };
}
