import type { Logger } from '../../base/logger.ts';
import type { StoreTarget } from '../target.ts';

/** Makes a store that is a file complete by itself. Call it after the store is closed; it does not fail. */
export async function checkpoint(target: StoreTarget, logger: Logger): Promise<void> {
  if (target.kind === 'sqlite')
    await (await import('../sqlite/checkpoint.ts')).checkpointSqlite(target.path, logger);
}
