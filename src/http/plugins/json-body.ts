import { ServiceError, toError } from '../../base/errors.ts';
import type { HttpScope } from '../schemas/http-scope.ts';
import { pointerTo } from '../../services/validation-errors.ts';

/**
 * JSON is the only body taken. Fastify's parser refuses keys that would poison a prototype; when it fails, the body is
 * looked at once more to say where.
 */
export function takeJsonOnly(scope: HttpScope): void {
  const parse = scope.getDefaultJsonParser('error', 'error');
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, text, done) =>
    parse(request, text, (error, body) => {
      if (error === null) done(null, body);
      else done(faultOf(text));
    }),
  );
}

function faultOf(text: string): ServiceError {
  if (text.trim() === '') return new ServiceError('malformed-json', 'The body is empty.');
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    return new ServiceError('malformed-json', `${toError(error).message}.`, { cause: error });
  }
  const pointer = findPoison(body);
  const detail = 'is not a name that a field may have';
  return new ServiceError('validation-failed', `${pointer} ${detail}`, { errors: [{ pointer, detail }] });
}

/** Breadth first and without recursion: nothing limits how deep a hostile body nests. */
function findPoison(body: unknown): string {
  const open: { pointer: string; value: unknown }[] = [{ pointer: '', value: body }];
  for (const { pointer, value } of open) {
    if (typeof value !== 'object' || value === null) continue;
    for (const [name, child] of Object.entries(value)) {
      const childPointer = pointerTo(pointer, name);
      if (isPoison(name, child)) return childPointer;
      open.push({ pointer: childPointer, value: child });
    }
  }
  return '';
}

function isPoison(name: string, value: unknown): boolean {
  if (name === '__proto__') return true;
  return (
    name === 'constructor' && typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype')
  );
}
