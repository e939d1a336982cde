import type { DiskFaults } from '../../tools/support/disk-faults.ts';
import { DatabaseFiles } from './database-files.ts';
import type { Fault } from './fault.ts';
import { failFsyncFault } from './fsync-fault.ts';
import { acceptLossFault, olderLogFault, type LogFaultParts } from './older-log-faults.ts';
import { restoreBackupFault } from './restore-backup-fault.ts';

const LOG_FILE = 'log.db';
export const STORE_FILE = 'orders.db';

export interface DataFolders {
  store: string;
  log: string;
  /** for copies of both */
  copies: string;
}

export interface EmbeddedFaultParts extends Omit<LogFaultParts, 'logFiles'> {
  folders: DataFolders;
  /** undefined where system calls cannot be made to fail */
  disk: DiskFaults | undefined;
}

/** The faults of the embedded log's files. */
export function embeddedFaults({ folders, disk, ...parts }: EmbeddedFaultParts): Fault[] {
  const logFiles = new DatabaseFiles(folders.log, LOG_FILE, folders.copies);
  const storeFiles = new DatabaseFiles(folders.store, STORE_FILE, folders.copies);
  const withLog = { ...parts, logFiles };
  return [
    olderLogFault(withLog),
    acceptLossFault(withLog),
    restoreBackupFault(withLog, { storeFiles, backups: folders.copies }),
    ...(disk === undefined ? [] : [failFsyncFault(parts.node, disk)]),
  ];
}
