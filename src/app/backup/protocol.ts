import { join } from 'node:path';
import type { ErrorCode } from '../../base/error-table.ts';

/*
 * How commands reach a running service: over a Unix domain socket in DATA_DIR that only the user of the service can open. The
 * command sends one request, the service sends replies until it is done. Each is a line of JSON.
 */
export interface BackupRequest {
  command: 'backup';
  /** absolute path of a new folder */
  folder: string;
}

export type ControlReply =
  | { kind: 'progress'; file: 'orders.db' | 'log.db'; done: number; total: number }
  | { kind: 'done' }
  | { kind: 'failed'; code: ErrorCode; message: string };

export function controlSocketPath(dataDir: string): string {
  return join(dataDir, 'control.sock');
}
