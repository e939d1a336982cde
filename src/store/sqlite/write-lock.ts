import { ServiceError } from '../../base/errors.ts';

/**
 * SQLite has one writer at a time and lets a second one sleep and try again. This is a lock in shared memory, so
 * that the writing threads of one process are woken the moment the turn is free. SQLite's own lock stays beneath
 * it: losing the turn costs speed, never rows.
 */
export type WriteLock = SharedArrayBuffer;

const HOLDER = 0;
const LAST_TICKET = 1;
const FREE = 0;

export function createWriteLock(): WriteLock {
  return new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
}

/**
 * Runs `work` while no other thread has the turn, and gives the turn back whatever `work` does. The thread sleeps
 * while it waits: it is for writing threads. Not reentrant.
 *
 * A holder that kept the turn for the whole wait is taken for dead (a thread can be terminated anywhere) and loses
 * it, so that a dead thread costs one wait and not the store.
 * @throws ServiceError `store-unavailable` when the turn did not come within `timeoutMs` milliseconds
 */
export function withWriteTurn<T>(turn: WriteLock, work: () => T, timeoutMs = 10_000): T {
  const words = new Int32Array(turn);
  const ticket = take(words, timeoutMs);
  try {
    return work();
  } finally {
    release(words, ticket);
  }
}

function take(words: Int32Array, timeoutMs: number): number {
  const ticket = newTicket(words);
  const deadline = performance.now() + timeoutMs;
  let holder = Atomics.compareExchange(words, HOLDER, FREE, ticket);
  const first = holder;
  while (holder !== FREE) {
    const left = deadline - performance.now();
    if (left <= 0) {
      if (holder === first) release(words, holder);
      throw new ServiceError(
        'store-unavailable',
        `The turn to write to the store did not come within ${timeoutMs} ms. The disk may be too slow.`,
      );
    }
    Atomics.wait(words, HOLDER, holder, left);
    holder = Atomics.compareExchange(words, HOLDER, FREE, ticket);
  }
  return ticket;
}

/** Does nothing for a ticket that has lost the turn. */
function release(words: Int32Array, ticket: number): void {
  if (Atomics.compareExchange(words, HOLDER, ticket, FREE) === ticket) Atomics.notify(words, HOLDER, 1);
}

/** Between 1 and 2^30, different from every ticket in use. */
function newTicket(words: Int32Array): number {
  return (Atomics.add(words, LAST_TICKET, 1) & 0x3fff_ffff) + 1;
}
