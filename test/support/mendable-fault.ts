import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';

export interface MendableFault {
  /** orders of this merchant fail as long as the fault lasts */
  merchantId: string;
  /** ends the fault, for every process at once */
  mend: () => Promise<void>;
}

/**
 * Something that is broken until the test mends it, however slow the machine is: a file that the fixtures' processors
 * look for. `broken`: they fail for good · `away`: for now.
 */
export async function mendableFault(t: Test, kind: 'broken' | 'away'): Promise<MendableFault> {
  const merchantId = `${kind}-${randomUUID()}`;
  const file = join(tmpdir(), merchantId);
  await writeFile(file, '');
  const mend = () => rm(file, { force: true });
  t.teardown(mend);
  return { merchantId, mend };
}
