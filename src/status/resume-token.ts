import { ServiceError } from '../base/errors.ts';
import type { OrderAccess } from '../order/access.ts';
import { VIEW_LENGTH, viewOf } from '../order/view.ts';
import type { Positions } from './positions.ts';
import type { StatusFilter } from './status-filter.ts';

/**
 * Resume tokens are text that is safe in a header and in `Last-Event-ID`. Each says which history it belongs to, so that a
 * token of another deployment, or of changes that a restored backup does not have, is refused. Numbers are in base 36, except
 * the version.
 *
 *     o.<version>.<time>           stream of one order: the last version that was sent, and the time of that change
 *     o.0                          stream of one order: before its first version
 *     v.<view>.<log>.<offset>.<offset>…
 *                                  stream of many orders: its view (order/view.ts), the identity of the log
 *                                  (lineage.ts), and the next offset of each partition of orders.status
 *     s.<log>.<offset>.<offset>…   the same from a version without views
 */
export interface OrderPoint {
  version: number;
  /** milliseconds since the epoch; undefined before the first version */
  at: number | undefined;
}

/** A point in the log of status changes. */
export interface LogPoint {
  /** identity of the log */
  log: string;
  /** next offsets; a partition that was added later has none */
  positions: Positions;
}

/** Where a stream of many orders continues. */
export interface ResumePoint extends LogPoint {
  /** undefined in tokens of earlier versions */
  view: string | undefined;
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

/** The part of a token that is the same for every view. */
export function pointText({ log, positions }: LogPoint): string {
  let text = log;
  // A partition without events leaves a hole in the array.
  for (let partition = 0; partition < positions.length; partition += 1) {
    text += `.${(positions[partition] ?? 0).toString(36)}`;
  }
  return text;
}

/** @param point a `pointText` */
export function tokenOfView(view: string, point: string): string {
  return `v.${view}.${point}`;
}

const POSITIONS_TOKEN = new RegExp(
  `^(?:s|v\\.([0-9a-f]{${VIEW_LENGTH}}))\\.([0-9a-z]{1,32})((?:\\.[0-9a-z]{1,10}){0,10000})$`,
);

/** @throws ServiceError `resume-token-invalid` */
export function parsePositionsToken(token: string): ResumePoint {
  const match = POSITIONS_TOKEN.exec(token);
  if (match === null) throw invalid('of a stream of many orders');
  const [, view, log = '', offsets = ''] = match;
  const positions = offsets
    .split('.')
    .slice(1)
    .map((offset) => parseInt(offset, 36));
  if (!positions.every(Number.isSafeInteger)) throw invalid('of a stream of many orders');
  return { view, log, positions };
}

/** The view of a stream of many orders. The order of the statuses does not matter. */
export function streamView(
  access: OrderAccess,
  { customerId, merchantId, statuses = [] }: StatusFilter,
): string {
  const sorted = [...new Set(statuses)].sort();
  return viewOf(access, { customerId, merchantId, statuses: sorted.length === 0 ? undefined : sorted });
}

/**
 * A token without a view comes from a version without authentication, so it is only good for callers that may use all orders.
 * @throws ServiceError `resume-token-invalid` if the token was made for another filter, or for a caller with another access
 */
export function refuseOtherView({ view }: ResumePoint, access: OrderAccess, filter: StatusFilter): void {
  if (view === undefined ? access.kind === 'all' : view === streamView(access, filter)) return;
  throw invalid('of a stream with the same filter, made for the same caller');
}

/** @param why as a sentence */
export function tokenTooOld(why: string): ServiceError {
  return new ServiceError('resume-token-too-old', `${why} Read the current state and watch without a token.`);
}

function invalid(what: string): ServiceError {
  return new ServiceError('resume-token-invalid', `Use a resume token ${what}, exactly as you received it.`);
}
