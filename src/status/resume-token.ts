import { ServiceError } from '../base/errors.ts';
import type { Positions } from './positions.ts';

/**
 * Resume tokens are text that is safe in a header and in `Last-Event-ID`.
 *
 *     o.<version>                  stream of one order: the last version that was sent
 *     s.<offset>.<offset>…         stream of many orders: the next offset of each partition of orders.status, base 36
 */
export function orderToken(version: number): string {
  return `o.${version}`;
}

/** @throws ServiceError `resume-token-invalid` */
export function versionOfToken(token: string): number {
  const match = /^o\.(\d{1,10})$/.exec(token);
  if (match === null) throw invalid('of a stream of one order');
  return Number(match[1]);
}

export function positionsToken(positions: Positions): string {
  let token = 's';
  // A partition without events leaves a hole in the array.
  for (let partition = 0; partition < positions.length; partition += 1) {
    token += `.${(positions[partition] ?? 0).toString(36)}`;
  }
  return token;
}

/** @throws ServiceError `resume-token-invalid` */
export function positionsOfToken(token: string): number[] {
  if (!/^s(\.[0-9a-z]{1,10}){0,10000}$/.test(token)) throw invalid('of a stream of many orders');
  const positions = token
    .split('.')
    .slice(1)
    .map((offset) => parseInt(offset, 36));
  if (!positions.every(Number.isSafeInteger)) throw invalid('of a stream of many orders');
  return positions;
}

function invalid(what: string): ServiceError {
  return new ServiceError('resume-token-invalid', `Use a resume token ${what}, exactly as you received it.`);
}
