import { types, type CustomTypesConfig } from 'pg';
import { withZeros } from './zero-text.ts';

/** How columns are read, for our clients only: the driver's own table is shared by all of the process. */
export const columnTypes: CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    if (oid === types.builtins.INT8) return toSafeInteger;
    if (oid === types.builtins.TEXT) return withZeros;
    return format === 'binary' ? types.getTypeParser(oid, format) : types.getTypeParser(oid);
  }) as typeof types.getTypeParser,
};

/** A bigint, which the driver leaves a text. @throws RangeError above 2^53, which this service never writes */
function toSafeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} is no safe integer.`);
  return value;
}
