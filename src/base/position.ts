import { ServiceError } from './errors.ts';

/** The position of a record in a topic. It locates an accepted order until the store has it. */
export interface Position {
  partition: number;
  offset: number;
}

/**
 * The offset of a record whose append was acknowledged without an offset. It is above any progress, so an order there counts
 * as not yet processed until the store has it.
 */
export const UNKNOWN_OFFSET = Infinity;

/** The position as callers get it; undefined if its offset is unknown. */
export function knownPosition(position: Position): Position | undefined {
  return position.offset === UNKNOWN_OFFSET ? undefined : position;
}

/** `partition-offset`, as used in `Location: /v1/orders/{id}?position=…`. */
export function formatPosition(position: Position): string {
  return `${position.partition}-${position.offset}`;
}

export const POSITION = /^(\d{1,9})-(\d{1,15})$/;

/** @throws ServiceError `position-invalid` */
export function parsePosition(text: string): Position {
  const match = POSITION.exec(text);
  if (match === null) {
    throw new ServiceError('position-invalid', 'Use the position exactly as it is in the Location header.');
  }
  return { partition: Number(match[1]), offset: Number(match[2]) };
}
