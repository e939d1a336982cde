import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { ErrorCode } from '../../base/error-table.ts';
import { ServiceError, toError } from '../../base/errors.ts';
import type { BackupProgress } from './back-up.ts';
import type { BackupRequest, ControlReply, ControlRequest, EraseLogRequest } from './protocol.ts';

/**
 * Asks the service behind a control socket for a backup, and waits until it is done.
 * @returns false if no service answers there
 * @throws ServiceError that the service reports; `backup-failed` if it goes away
 */
export async function askForBackup(
  path: string,
  request: BackupRequest,
  onProgress: BackupProgress,
): Promise<boolean> {
  return (await ask(path, request, onProgress, 'backup-failed')) !== undefined;
}

/**
 * Asks the service behind a control socket to remove personal data from its event log.
 * @returns how many records had personal data; undefined if no service answers there
 * @throws ServiceError that the service reports; `erasure-failed` if it goes away
 */
export async function askToEraseLog(
  path: string,
  request: EraseLogRequest,
  onProgress: BackupProgress,
): Promise<number | undefined> {
  const done = await ask(path, request, onProgress, 'erasure-failed');
  return done && (done.redacted ?? 0);
}

/** Whether a service answers there. @throws ServiceError `erasure-failed` if it may not be asked */
export async function isServiceRunning(path: string): Promise<boolean> {
  const socket = await open(path, 'erasure-failed');
  socket?.destroy();
  return socket !== undefined;
}

async function ask(
  path: string,
  request: ControlRequest,
  onProgress: BackupProgress,
  failure: ErrorCode,
): Promise<Extract<ControlReply, { kind: 'done' }> | undefined> {
  const socket = await open(path, failure);
  if (socket === undefined) return undefined;
  try {
    socket.write(`${JSON.stringify(request)}\n`);
    for await (const line of createInterface({ input: socket })) {
      const reply = parseReply(line);
      if (reply === undefined) break;
      if (reply.kind === 'done') return reply;
      if (reply.kind === 'failed') throw new ServiceError(reply.code, reply.message);
      onProgress(reply.file, reply.done, reply.total);
    }
    const what =
      failure === 'backup-failed' ? 'backup was complete' : 'erasure was complete: run the command again';
    throw new ServiceError(failure, `The service ended before the ${what}.`);
  } finally {
    socket.destroy();
  }
}

/** Undefined for a line that was cut off. */
function parseReply(line: string): ControlReply | undefined {
  try {
    return JSON.parse(line) as ControlReply;
  } catch {
    return undefined;
  }
}

/** What connecting fails with if no service listens: no socket, or one that a crash has left behind. */
const NO_SERVICE = new Set(['ENOENT', 'ECONNREFUSED', 'EINVAL', 'ENAMETOOLONG']);

async function open(path: string, failure: ErrorCode): Promise<Socket | undefined> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return socket;
  } catch (thrown) {
    const { code = '', message } = toError(thrown) as NodeJS.ErrnoException;
    if (NO_SERVICE.has(code)) return undefined;
    const detail = `The service cannot be asked over ${path}: ${message}. Run the command as the user of the service.`;
    throw new ServiceError(failure, detail, { cause: thrown });
  }
}
