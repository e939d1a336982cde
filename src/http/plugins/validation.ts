import type { FastifySchemaCompiler } from 'fastify';
import { IsInteger, IsObject, type TSchema } from 'typebox';
import { createValidator } from '../../services/validator.ts';

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
