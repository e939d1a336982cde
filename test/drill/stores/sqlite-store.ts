import { Database } from '../../../src/base/sqlite.ts';
import { lockFile } from '../faults/lock-file.ts';
import { PARKED_ROWS, toRetryingOrder, type DrillStore, type RetryingOrderRow } from './drill-store.ts';

/** @param path of the file, which the first service makes */
export function sqliteStore(path: string): DrillStore {
  return {
    url: `sqlite:${path}`,
    faults: [lockFile(path)],
    parked() {
      const connection = new Database(path, { readonly: true, fileMustExist: true });
      try {
        return Promise.resolve(
          connection.prepare<[], RetryingOrderRow>(PARKED_ROWS).all().map(toRetryingOrder),
        );
      } finally {
        connection.close();
      }
    },
  };
}
