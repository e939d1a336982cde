import { ServiceError } from '../../base/errors.ts';

/**
 * SQLite allows one writer at a time; a second one polls. This lock in shared memory wakes the next writing thread of the
 * process at once. It is only an optimization: SQLite's own lock still protects the data.
 */
export type WriteLock = SharedArrayBuffer;

const HOLDER = 0;
const LAST_TICKET = 1;
const FREE = 0;

export function createWriteLock(): WriteLock {
  return new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
}

/**
 * Runs `work` under the lock. Waiting blocks the thread, so call it only on writing threads. Not reentrant.
 *
 * If one holder keeps the lock during the whole wait, its thread is presumed dead and loses the lock. A thread can be
 * terminated anywhere; a dead one costs other threads one timeout.
 * @throws ServiceError `store-unavailable` when the lock is not free within `timeoutMs` milliseconds
 */
export function withWriteLock<T>(lock: WriteLock, work: () => T, timeoutMs = 10_000): T {
  const words = new Int32Array(lock);
  const ticket = acquire(words, timeoutMs);
  try {
    return work();
  } finally {
    release(words, ticket);
  }
}

function acquire(words: Int32Array, timeoutMs: number): number {
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
        `The write lock of the store was not free within ${timeoutMs} ms. The disk may be too slow.`,
      );
    }
    Atomics.wait(words, HOLDER, holder, left);
    holder = Atomics.compareExchange(words, HOLDER, FREE, ticket);
  }
  return ticket;
}

/** Does nothing if the ticket no longer holds the lock. */
function release(words: Int32Array, ticket: number): void {
  if (Atomics.compareExchange(words, HOLDER, ticket, FREE) === ticket) Atomics.notify(words, HOLDER, 1);
}

/** A number from 1 to 2^30 that no other thread uses. */
function newTicket(words: Int32Array): number {
  return (Atomics.add(words, LAST_TICKET, 1) & 0x3fff_ffff) + 1;
}
