import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
/** A folder of the test's own, gone when it ends. */
export async function temporaryFolder(t) {
    const folder = await mkdtemp(join(tmpdir(), 'order-system-test-'));
    t.teardown(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
    return folder;
}
//# sourceMappingURL=temporary-folder.js.map