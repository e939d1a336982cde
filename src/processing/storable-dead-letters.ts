import type { Position } from '../base/position.ts';
import type { DeadLetter } from '../store/dead-letter.ts';
import type { BatchToSave } from '../store/order-store.ts';
import { noRetryChanges } from '../store/retries.ts';
import { findRefused } from './find-refused.ts';

/** A record of which the store accepts no row. Its copy on `orders.dlq` is all that is kept. */
export interface UnstoredRecord extends Position {
  /** why the store refuses it */
  error: string;
}

interface StorableDeadLetters {
  /** in a form that the store accepts */
  deadLetters: DeadLetter[];
  unstored: UnstoredRecord[];
  /** the store refused one of the given forms */
  changed: boolean;
}

/**
 * Replaces each dead letter that the store refuses by the fullest form that it accepts: first with an error text in ASCII, then
 * also without key and value. A record that belongs to no order and is refused even so gets no row; otherwise it would block
 * its partition for ever. (An order must have a row, or it would be unknown when it is delivered again.)
 * @param dryRun why the store refuses a batch; undefined if it accepts it
 */
export async function makeStorable(
  batch: BatchToSave,
  dryRun: (batch: BatchToSave) => Promise<Error | undefined>,
): Promise<StorableDeadLetters> {
  const tryOut = (deadLetters: readonly DeadLetter[]) => dryRun(onlyDeadLetters(batch, deadLetters));
  const refused = await findRefused(batch.deadLetters, tryOut);
  const deadLetters: DeadLetter[] = [];
  const unstored: UnstoredRecord[] = [];
  for (const deadLetter of batch.deadLetters) {
    const refusal = refused.get(deadLetter);
    const form =
      refusal === undefined ? deadLetter : await firstAccepted(formsOf(deadLetter, refusal.message), tryOut);
    if (form !== undefined) deadLetters.push(form);
    else if (deadLetter.orderId === null) unstored.push(unstoredRecord(deadLetter, refusal?.message ?? ''));
    else deadLetters.push(deadLetter);
  }
  return { deadLetters, unstored, changed: refused.size > 0 };
}

function formsOf(deadLetter: DeadLetter, refusal: string): DeadLetter[] {
  const { record, error } = deadLetter;
  const leftOut = `${error} The store refused its key and value; the copy on orders.dlq has them. ${refusal}`;
  return [
    { ...deadLetter, error: toAscii(error), detail: undefined },
    {
      ...deadLetter,
      record: { ...record, key: null, value: null },
      error: toAscii(leftOut),
      detail: undefined,
    },
  ];
}

async function firstAccepted(
  forms: readonly DeadLetter[],
  tryOut: (deadLetters: readonly DeadLetter[]) => Promise<Error | undefined>,
): Promise<DeadLetter | undefined> {
  for (const form of forms) if ((await tryOut([form])) === undefined) return form;
  return undefined;
}

/** The same batch with these dead letters and nothing else. */
function onlyDeadLetters(batch: BatchToSave, deadLetters: readonly DeadLetter[]): BatchToSave {
  return {
    ...batch,
    decision: { placed: [], moved: [], changes: [], refused: [] },
    deadLetters: [...deadLetters],
    resolved: [],
    retryChanges: noRetryChanges(),
    nextProgress: batch.loadedProgress,
  };
}

function unstoredRecord({ record: { partition, offset } }: DeadLetter, error: string): UnstoredRecord {
  return { partition, offset, error };
}

/** Escapes all characters but printable ASCII as in JSON. */
function toAscii(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
