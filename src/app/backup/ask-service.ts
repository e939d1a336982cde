import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { ServiceError, toError } from '../../base/errors.ts';
import type { BackupProgress } from './back-up.ts';
import type { BackupRequest, ControlReply } from './protocol.ts';

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
  const socket = await open(path);
  if (socket === undefined) return false;
  try {
    socket.write(`${JSON.stringify(request)}\n`);
    for await (const line of createInterface({ input: socket })) {
      const reply = parseReply(line);
      if (reply === undefined) break;
      if (reply.kind === 'done') return true;
      if (reply.kind === 'failed') throw new ServiceError(reply.code, reply.message);
      onProgress(reply.file, reply.done, reply.total);
    }
    throw new ServiceError('backup-failed', 'The service ended before the backup was complete.');
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

async function open(path: string): Promise<Socket | undefined> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return socket;
  } catch (thrown) {
    const { code = '', message } = toError(thrown) as NodeJS.ErrnoException;
    if (NO_SERVICE.has(code)) return undefined;
    const detail = `The service cannot be asked over ${path}: ${message}. Run the command as the user of the service.`;
    throw new ServiceError('backup-failed', detail, { cause: thrown });
  }
}
