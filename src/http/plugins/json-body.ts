import { invalidField, ServiceError, toError } from '../../base/errors.ts';
import { pointerTo } from '../../services/validation.ts';
import type { HttpScope } from './http-scope.ts';

/**
 * Accepts JSON bodies only. Fastify's parser refuses keys that could pollute a prototype. If it fails, the body is parsed
 * again, without that check, to tell the caller why.
 */
export function acceptJsonOnly(scope: HttpScope): void {
  const parse = scope.getDefaultJsonParser('error', 'error');
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, text, done) =>
    parse(request, text, (error, body) => {
      if (error === null) done(null, body);
      else done(parseErrorOf(text));
    }),
  );
}

function parseErrorOf(text: string): ServiceError {
  if (text.trim() === '') return new ServiceError('malformed-json', 'The body is empty.');
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    return new ServiceError('malformed-json', `${toError(error).message}.`, { cause: error });
  }
  return invalidField(findForbiddenKey(body), 'is not an allowed field name');
}

/** JSON pointer to the first key that could pollute a prototype. Not recursive: a hostile body may nest to any depth. */
function findForbiddenKey(body: unknown): string {
  const open: { pointer: string; value: unknown }[] = [{ pointer: '', value: body }];
  for (const { pointer, value } of open) {
    if (typeof value !== 'object' || value === null) continue;
    for (const [name, child] of Object.entries(value)) {
      const childPointer = pointerTo(pointer, name);
      if (isForbiddenKey(name, child)) return childPointer;
      open.push({ pointer: childPointer, value: child });
    }
  }
  return '';
}

function isForbiddenKey(name: string, value: unknown): boolean {
  if (name === '__proto__') return true;
  return (
    name === 'constructor' && typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype')
  );
}
