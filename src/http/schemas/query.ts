import type { FastifyRequest } from 'fastify';
import { ServiceError } from '../../base/errors.ts';
import { parseTimestamp } from '../../base/timestamp.ts';
import { pointerTo } from '../../services/validation-errors.ts';

/**
 * For a route without parameters: one that is there by mistake is told rather than passed over. A schema would say the
 * same and cost every request.
 * @throws ServiceError `validation-failed`
 */
export function refuseQuery({ raw, query }: FastifyRequest): void {
  if (raw.url?.includes('?') !== true) return;
  const name = Object.keys(query as object)[0];
  if (name === undefined) return;
  const pointer = pointerTo('', name);
  const detail = 'is not known here';
  throw new ServiceError('validation-failed', `${pointer} ${detail}`, { errors: [{ pointer, detail }] });
}

/**
 * Milliseconds; the schema lets a few forms through that are no moment, such as one with a zone's name.
 * @throws ServiceError `validation-failed`
 */
export function timeOf(pointer: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const time = parseTimestamp(text.toUpperCase());
  if (time !== undefined) return time;
  const detail = 'must be an RFC 3339 date-time';
  throw new ServiceError('validation-failed', `${pointer} ${detail}`, { errors: [{ pointer, detail }] });
}
