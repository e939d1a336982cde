import { setTimeout as delay } from 'node:timers/promises';
import { v7 as uuidV7 } from 'uuid';
import type { NewOrder } from '../../src/order/order.ts';
import type { Step } from './made-up-order.ts';
import type { Answer, PatientClient } from './patient-client.ts';
import type { Tally } from './tally.ts';

const ATTEMPTS = 20;
const PAUSE_MS = 250;

/** Places one order and moves it through its life. @throws the signal's reason when it is aborted */
export async function liveOrder(
  order: NewOrder,
  steps: readonly Step[],
  { client, tally, signal }: { client: PatientClient; tally: Tally; signal: AbortSignal },
): Promise<void> {
  const placed = await client.post('/v1/orders', order, { 'idempotency-key': uuidV7() });
  if (placed?.status !== 202) {
    tally.givenUp += 1;
    return;
  }
  tally.placed += 1;
  for (const { to, afterMs } of steps) {
    await delay(afterMs, undefined, { signal });
    const outcome = await move(client, placed.location, to, signal);
    if (outcome !== 'moved') {
      tally[outcome] += 1;
      return;
    }
    if (to === 'delivered' || to === 'cancelled') tally[to] += 1;
  }
}

/** A step that was taken is done a moment later; until then the next one is not allowed (409). */
async function move(
  client: PatientClient,
  location: string,
  to: Step['to'],
  signal: AbortSignal,
): Promise<'moved' | 'ended' | 'givenUp'> {
  const { pathname, search } = new URL(location, 'http://localhost');
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const answer = await client.post(`${pathname}/transitions${search}`, { to });
    if (answer?.status === 202) return 'moved';
    if (answer?.status !== 409) return 'givenUp';
    const status = statusOf(await client.get(pathname + search));
    if (status === 'rejected' || status === 'failed') return 'ended';
    // An earlier try that seemed not to be answered was.
    if (status === to) return 'moved';
    await delay(PAUSE_MS * attempt, undefined, { signal });
  }
  return 'givenUp';
}

function statusOf(answer: Answer | undefined): string | undefined {
  const body = answer?.body;
  return typeof body === 'object' && body !== null && 'status' in body ? String(body.status) : undefined;
}
