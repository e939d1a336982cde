import { ServiceError } from '../../base/errors.ts';

/**
 * SQLite allows one writer at a time and lets a second one sleep and poll. This lock in shared memory wakes the next
 * writing thread of the process the moment it is free. SQLite's own lock stays beneath it: losing this one costs speed,
 * never rows.
 */
export type WriteLock = SharedArrayBuffer;

const HOLDER = 0;
const LAST_TICKET = 1;
const FREE = 0;

export function createWriteLock(): WriteLock {
  return new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
}

/**
 * Runs `work` while no other thread holds the lock, and releases it when `work` returns or throws. The thread sleeps while
 * it waits, so this is for writing threads. Not reentrant.
 *
 * A holder that kept the lock for the whole wait is presumed dead (a thread can be terminated anywhere) and loses it, so
 * that a dead thread costs one wait and not the store.
 * @throws ServiceError `store-unavailable` when the lock did not become free within `timeoutMs` milliseconds
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

/** Does nothing for a ticket that has lost the lock. */
function release(words: Int32Array, ticket: number): void {
  if (Atomics.compareExchange(words, HOLDER, ticket, FREE) === ticket) Atomics.notify(words, HOLDER, 1);
}

/** Between 1 and 2^30, different from every ticket in use. */
function newTicket(words: Int32Array): number {
  return (Atomics.add(words, LAST_TICKET, 1) & 0x3fff_ffff) + 1;
}
