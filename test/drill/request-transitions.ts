import { setTimeout as delay } from 'node:timers/promises';
import type { Client, ClientResponse } from './client.ts';
import { drillNow } from './drill-clock.ts';
import { positionIn, type LedgerEntry } from './ledger.ts';
import type { PlannedTransition } from './order-mix.ts';
import { isUnknown } from './place-order.ts';

const MAX_ATTEMPTS = 8;
const PAUSE_BEFORE_REPEAT_MS = 100;

type Response = Pick<ClientResponse, 'status' | 'location'>;

/**
 * Requests an order's transitions, each after the response to the one before, and notes them in the ledger. Stops at
 * the first that is not acknowledged: from then on the order of the events in the log would be uncertain.
 */
export async function requestTransitions(
  client: Client,
  entry: LedgerEntry,
  transitions: readonly PlannedTransition[],
): Promise<void> {
  for (const { to, afterMs } of transitions) {
    if (afterMs > 0) await delay(afterMs);
    const { status, location } = await requestTransition(client, entry, to);
    if (status === 202) {
      const acknowledgement = { at: drillNow(), position: positionIn(location) };
      entry.transitions.push({ to, outcome: 'acknowledged', acknowledgement });
      continue;
    }
    if (isUnknown(status)) entry.transitions.push({ to, outcome: 'unknown', acknowledgement: undefined });
    return;
  }
}

/** Repeats after 409, since the transition before may not be processed yet, and after 503. */
async function requestTransition(
  client: Client,
  entry: LedgerEntry,
  to: PlannedTransition['to'],
): Promise<Response> {
  const [path = '', query] = (entry.location ?? '').split('?');
  const url = `${path}/transitions${query === undefined ? '' : `?${query}`}`;
  let response: Response = { status: 503, location: '' };
  for (let attempt = 1; attempt <= MAX_ATTEMPTS && !client.signal.aborted; attempt += 1) {
    response = await client.post(url, { to });
    const { status } = response;
    if (status === 404) entry.notFoundAt.push(drillNow());
    if (status !== 409 && status !== 503) return response;
    await delay(PAUSE_BEFORE_REPEAT_MS * attempt);
  }
  return response;
}
