import { isUtf8 } from 'node:buffer';
import { invalidField, ServiceError, toError } from '../../base/errors.ts';
import { pointerTo } from '../../services/validation.ts';

/** Matches every text that has a forbidden name, escaped or not, and few others: most bodies need no walk. */
const SUSPECT =
  /"(?:_|\\u005[fF])(?:_|\\u005[fF])(?:p|\\u0070)|"(?:c|\\u0063)(?:o|\\u006[fF])(?:n|\\u006[eE])(?:s|\\u0073)/;

/** @throws ServiceError `malformed-json` */
export function refuseOtherThanUtf8(bytes: Uint8Array): void {
  if (!isUtf8(bytes)) throw new ServiceError('malformed-json', 'The body is not UTF-8.');
}

/**
 * Parses JSON of which the caller knows that it is UTF-8 and of bounded size and structure.
 * @throws ServiceError `malformed-json`; `validation-failed` for a name that could pollute a prototype
 */
export function readJson(bytes: Buffer): unknown {
  const text = bytes.toString();
  const body = parse(text);
  const forbidden = SUSPECT.test(text) ? findForbiddenName(body) : undefined;
  if (forbidden !== undefined) throw invalidField(forbidden, 'is not an allowed field name');
  return body;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const detail = text.trim() === '' ? 'The body is empty.' : `${toError(error).message}.`;
    throw new ServiceError('malformed-json', detail, { cause: error });
  }
}

/**
 * JSON pointer to the first name that could pollute a prototype. Not recursive: a body may nest deeply. Makes no pointer for a
 * number or a text: a body may have a list of thousands.
 */
function findForbiddenName(body: unknown): string | undefined {
  const open: { pointer: string; value: unknown }[] = [{ pointer: '', value: body }];
  for (const { pointer, value } of open) {
    if (Array.isArray(value)) {
      value.forEach((item: unknown, index) => {
        if (isObject(item)) open.push({ pointer: pointerTo(pointer, index), value: item });
      });
    } else if (isObject(value)) {
      for (const [name, child] of Object.entries(value)) {
        if (isForbidden(name, child)) return pointerTo(pointer, name);
        if (isObject(child)) open.push({ pointer: pointerTo(pointer, name), value: child });
      }
    }
  }
  return undefined;
}

function isForbidden(name: string, value: unknown): boolean {
  if (name === '__proto__') return true;
  return name === 'constructor' && isObject(value) && Object.hasOwn(value, 'prototype');
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
