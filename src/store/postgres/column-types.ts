import { types, type CustomTypesConfig } from 'pg';
import { withZeros, withZerosInJson } from './zero-text.ts';

type Parser = (text: string) => unknown;
type TypeId = Parameters<typeof types.getTypeParser>[0];

const { INT8, JSON: JSON_TEXT, TEXT } = types.builtins;

const OURS = new Map<number, Parser>([
  [INT8, toSafeInteger],
  [TEXT, withZeros],
  [JSON_TEXT, (text) => JSON.parse(withZerosInJson(text)) as unknown],
]);

/** How columns are read, for our clients only: the driver's own table is shared by all of the process. */
export const columnTypes: CustomTypesConfig = {
  getTypeParser: (oid: TypeId): Parser => OURS.get(oid) ?? (types.getTypeParser(oid) as Parser),
};

/** A bigint, which the driver leaves a text. @throws RangeError above 2^53, which this service never writes */
function toSafeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} is no safe integer.`);
  return value;
}
