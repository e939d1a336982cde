import type { FastifySchemaCompiler } from 'fastify';
import { IsInteger, IsObject, type TSchema } from 'typebox';
import { createValidator } from '../../services/validation.ts';

/** Validates each part of a request as sent: removes nothing, adds no defaults, and coerces no body. */
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

/** Converts the integers of a query from text: plain decimal digits only. Anything else stays text and fails validation. */
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
