import type { FastifyRequest } from 'fastify';
import { invalidField } from '../../base/errors.ts';
import { parseTimestamp } from '../../base/timestamp.ts';
import { pointerTo } from '../../services/validation.ts';

/**
 * Refuses every query parameter, for routes that have none. A schema would do the same, but at a cost to every request.
 * @throws ServiceError `validation-failed`
 */
export function refuseQuery({ raw, query }: FastifyRequest): void {
  if (raw.url?.includes('?') !== true) return;
  const name = Object.keys(query as object)[0];
  if (name !== undefined) throw invalidField(pointerTo('', name), 'is not a known parameter');
}

/**
 * Milliseconds since the epoch. The schema's `date-time` also accepts texts that are not valid times, such as one with the
 * name of a time zone.
 * @throws ServiceError `validation-failed`
 */
export function timeOf(pointer: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const time = parseTimestamp(text.toUpperCase());
  if (time === undefined) throw invalidField(pointer, 'must be an RFC 3339 date-time');
  return time;
}
