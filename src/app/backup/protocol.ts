import { join } from 'node:path';
import type { ErrorCode } from '../../base/error-table.ts';
import type { LogErasure } from '../erase/erase-log.ts';

/*
 * How commands reach a running service: over a Unix domain socket in DATA_DIR that only the user of the service can open. The
 * command sends one request, the service sends replies until it is done. Each is a line of JSON.
 */
export interface BackupRequest {
  command: 'backup';
  /** absolute path of a new folder */
  folder: string;
}

/** Removes a customer's personal data from the event log. */
export interface EraseLogRequest extends LogErasure {
  command: 'erase-log';
}

export type ControlRequest = BackupRequest | EraseLogRequest;

export type ControlReply =
  | { kind: 'progress'; file: 'orders.db' | 'log.db'; done: number; total: number }
  /** `redacted`: records that had personal data */
  | { kind: 'done'; redacted?: number }
  | { kind: 'failed'; code: ErrorCode; message: string };

export function controlSocketPath(dataDir: string): string {
  return join(dataDir, 'control.sock');
}
