import { ServiceError } from './errors.ts';

/** Where a record stands in a topic: the durable name of an accepted order until the store has it. */
export interface Position {
  partition: number;
  offset: number;
}

/** `partition-offset`, as it travels in `Location: /v1/orders/{id}?position=…`. */
export function formatPosition(position: Position): string {
  return `${position.partition}-${position.offset}`;
}

/** @throws ServiceError `position-invalid` */
export function parsePosition(text: string): Position {
  const match = /^(\d{1,9})-(\d{1,15})$/.exec(text);
  if (match === null) {
    throw new ServiceError('position-invalid', 'Use the position exactly as a Location header gave it.');
  }
  return { partition: Number(match[1]), offset: Number(match[2]) };
}
