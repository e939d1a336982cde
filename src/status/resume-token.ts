import { ServiceError } from '../base/errors.ts';
import type { Positions } from './positions.ts';

/**
 * Resume tokens are text that is safe in a header and in `Last-Event-ID`. Each says which history it belongs to, so that a
 * token of another deployment, or of changes that a restored backup does not have, is refused. Numbers are in base 36, except
 * the version.
 *
 *     o.<version>.<time>           stream of one order: the last version that was sent, and the time of that change
 *     o.0                          stream of one order: before its first version
 *     s.<log>.<offset>.<offset>…   stream of many orders: the identity of the log (lineage.ts), and the next offset of each
 *                                  partition of orders.status
 */
export interface OrderPoint {
  version: number;
  /** milliseconds since the epoch; undefined before the first version */
  at: number | undefined;
}

/** A point in the log of status changes. */
export interface ResumePoint {
  /** identity of the log */
  log: string;
  /** next offsets; a partition that was added later has none */
  positions: Positions;
}

export function orderToken({ version, at }: OrderPoint): string {
  return version === 0 || at === undefined ? 'o.0' : `o.${version}.${at.toString(36)}`;
}

/** @throws ServiceError `resume-token-invalid` */
export function parseOrderToken(token: string): OrderPoint {
  const match = /^o\.(\d{1,10})(?:\.([0-9a-z]{1,10}))?$/.exec(token);
  if (match === null) throw invalid('of a stream of one order');
  const [, version, at] = match;
  return { version: Number(version), at: at === undefined ? undefined : parseInt(at, 36) };
}

export function positionsToken({ log, positions }: ResumePoint): string {
  let token = `s.${log}`;
  // A partition without events leaves a hole in the array.
  for (let partition = 0; partition < positions.length; partition += 1) {
    token += `.${(positions[partition] ?? 0).toString(36)}`;
  }
  return token;
}

/** @throws ServiceError `resume-token-invalid` */
export function parsePositionsToken(token: string): ResumePoint {
  if (!/^s\.[0-9a-z]{1,32}(\.[0-9a-z]{1,10}){0,10000}$/.test(token))
    throw invalid('of a stream of many orders');
  const [, log = '', ...offsets] = token.split('.');
  const positions = offsets.map((offset) => parseInt(offset, 36));
  if (!positions.every(Number.isSafeInteger)) throw invalid('of a stream of many orders');
  return { log, positions };
}

/** @param why as a sentence */
export function tokenTooOld(why: string): ServiceError {
  return new ServiceError('resume-token-too-old', `${why} Read the current state and watch without a token.`);
}

function invalid(what: string): ServiceError {
  return new ServiceError('resume-token-invalid', `Use a resume token ${what}, exactly as you received it.`);
}
