import type { Piscina } from 'piscina';
import { within } from '../base/within.ts';

/** A store that does not answer must not hold up a shutdown. Its transactions are saved or not, wherever the thread ends. */
const CLOSE_TIMEOUT_MS = 2_000;

/** Finishes the current request, then ends the thread; ends it anyway if that takes longer. */
export async function closePool(pool: Pick<Piscina, 'close' | 'destroy'>): Promise<void> {
  if (!(await within(pool.close(), CLOSE_TIMEOUT_MS))) await pool.destroy();
}
