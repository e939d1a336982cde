import { Database } from '../../../src/base/sqlite.ts';
import { lockFile } from '../faults/lock-file.ts';
import { PARKED_ROWS, toParkedOrder, type DrillStore, type ParkedRow } from './drill-store.ts';

/** @param path of the file, which the first service makes */
export function sqliteStore(path: string): DrillStore {
  return {
    url: `sqlite:${path}`,
    faults: [lockFile(path)],
    parked() {
      const connection = new Database(path, { readonly: true, fileMustExist: true });
      try {
        return Promise.resolve(connection.prepare<[], ParkedRow>(PARKED_ROWS).all().map(toParkedOrder));
      } finally {
        connection.close();
      }
    },
  };
}
