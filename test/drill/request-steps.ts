import { setTimeout as delay } from 'node:timers/promises';
import type { Caller, CallerAnswer } from './caller.ts';
import { positionIn, type LedgerEntry } from './ledger.ts';
import type { Step } from './order-mix.ts';
import { isUnknown } from './place-order.ts';

const MAX_ATTEMPTS = 8;
const PAUSE_BEFORE_REPEAT_MS = 100;

type Answer = Pick<CallerAnswer, 'status' | 'location'>;

/**
 * Requests an order's transitions one after the other, each after the answer to the one before, and notes those that
 * were taken. It ends with the first one that is not: a later one would no longer stand where the ledger has it.
 */
export async function requestSteps(
  caller: Caller,
  entry: LedgerEntry,
  steps: readonly Step[],
): Promise<void> {
  for (const { to, afterMs } of steps) {
    if (afterMs > 0) await delay(afterMs);
    const { status, location } = await requestStep(caller, entry, to);
    if (status === 202) entry.wishes.push({ to, outcome: 'acknowledged', position: positionIn(location) });
    else if (isUnknown(status)) entry.wishes.push({ to, outcome: 'unknown', position: undefined });
    if (status !== 202) return;
  }
}

/** 409 may only mean that the wish before was taken and not done yet, 503 that it is to be asked again. */
async function requestStep(caller: Caller, entry: LedgerEntry, to: Step['to']): Promise<Answer> {
  const [path = '', query] = (entry.location ?? '').split('?');
  const url = `${path}/transitions${query === undefined ? '' : `?${query}`}`;
  let answer: Answer = { status: 503, location: '' };
  for (let attempt = 1; attempt <= MAX_ATTEMPTS && !caller.signal.aborted; attempt += 1) {
    answer = await caller.post(url, { to });
    const { status } = answer;
    if (status === 404) {
      const detail = `order ${entry.ids.join()} was acknowledged and ${url} was answered with 404`;
      entry.wrongAnswers.push({ kind: 'lost', detail });
    }
    if (status !== 409 && status !== 503) return answer;
    await delay(PAUSE_BEFORE_REPEAT_MS * attempt);
  }
  return answer;
}
