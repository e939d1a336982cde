import type { Logger } from '../../base/logger.ts';
import { asPromise, openWriter } from './connection.ts';

/**
 * Copies the write-ahead log into the file, so that the file alone holds everything. Call it after all other connections of
 * the process are closed: a reader that is closed last cannot do it. While another process uses the file, that process has to.
 * A failure is only logged, because nothing is lost as long as both files stay together.
 */
export async function checkpointSqlite(path: string, logger: Logger): Promise<void> {
  try {
    await asPromise(() => {
      const connection = openWriter(path);
      try {
        connection.pragma('wal_checkpoint(TRUNCATE)');
      } finally {
        connection.close();
      }
    });
  } catch (err) {
    logger.warn(
      { err, file: path },
      `The store could not be checkpointed: a copy needs the file and ${path}-wal.`,
    );
  }
}
