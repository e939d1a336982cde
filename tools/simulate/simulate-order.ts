import { setTimeout as delay } from 'node:timers/promises';
import { v7 as uuidV7 } from 'uuid';
import type { NewOrder } from '../../src/order/order.ts';
import type { Counts } from './counts.ts';
import type { Step } from './random-order.ts';
import type { Answer, RetryingClient } from './retrying-client.ts';

const MAX_ATTEMPTS = 20;
const PAUSE_MS = 250;

/** Places one order, moves it through its statuses and counts what happened. @throws the signal's reason */
export async function simulateOrder(
  order: NewOrder,
  steps: readonly Step[],
  { client, counts, signal }: { client: RetryingClient; counts: Counts; signal: AbortSignal },
): Promise<void> {
  const placed = await client.post('/v1/orders', order, { 'idempotency-key': uuidV7() });
  if (placed?.status !== 202) {
    counts.givenUp += 1;
    return;
  }
  counts.placed += 1;
  for (const { to, afterMs } of steps) {
    await delay(afterMs, undefined, { signal });
    const outcome = await move(client, placed.location, to, signal);
    if (outcome !== 'moved') {
      counts[outcome] += 1;
      return;
    }
    if (to === 'delivered' || to === 'cancelled') counts[to] += 1;
  }
}

/** Repeats after 409: an accepted transition is processed a moment later, and the next one is not allowed before. */
async function move(
  client: RetryingClient,
  location: string,
  to: Step['to'],
  signal: AbortSignal,
): Promise<'moved' | 'ended' | 'givenUp'> {
  const { pathname, search } = new URL(location, 'http://localhost');
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const answer = await client.post(`${pathname}/transitions${search}`, { to });
    if (answer?.status === 202) return 'moved';
    if (answer?.status !== 409) return 'givenUp';
    const status = statusOf(await client.get(pathname + search));
    if (status === 'rejected' || status === 'failed') return 'ended';
    // An earlier attempt succeeded although its response was lost.
    if (status === to) return 'moved';
    await delay(PAUSE_MS * attempt, undefined, { signal });
  }
  return 'givenUp';
}

function statusOf(answer: Answer | undefined): string | undefined {
  const body = answer?.body;
  return typeof body === 'object' && body !== null && 'status' in body ? String(body.status) : undefined;
}
