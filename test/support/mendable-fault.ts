import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';

export interface MendableFault {
  /** orders of this merchant fail while the fault lasts */
  merchantId: string;
  /** ends the fault for all processes */
  mend: () => Promise<void>;
}

/**
 * A fault that lasts until the test ends it: a file that the processors of the fixtures check.
 * @param kind `broken`: orders fail for good; `away`: they fail for now
 */
export async function mendableFault(t: Test, kind: 'broken' | 'away'): Promise<MendableFault> {
  const merchantId = `${kind}-${randomUUID()}`;
  const file = join(tmpdir(), merchantId);
  await writeFile(file, '');
  const mend = () => rm(file, { force: true });
  t.teardown(mend);
  return { merchantId, mend };
}
