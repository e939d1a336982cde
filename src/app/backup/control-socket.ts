import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { isAbsolute } from 'node:path';
import { createInterface } from 'node:readline';
import { ServiceError, toError, toServiceError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { BackupProgress } from './back-up.ts';
import type { LogErasure } from '../erase/erase-log.ts';
import type { BackupRequest, ControlReply, ControlRequest, EraseLogRequest } from './protocol.ts';

export interface ControlSocketOptions {
  path: string;
  /** must end when the signal is aborted */
  backUp: (folder: string, onProgress: BackupProgress, signal: AbortSignal) => Promise<void>;
  /** as `backUp`; returns how many records had personal data */
  eraseLog?: (erasure: LogErasure, onProgress: BackupProgress, signal: AbortSignal) => Promise<number>;
  /** a client that sends no request, or does not read the replies, for this long is disconnected; 2 s by default */
  clientTimeoutMs?: number;
  logger: Logger;
}

/** Enough for the ids of 20 000 orders. */
const MAX_REQUEST_BYTES = 1_048_576;
const MAX_CLIENTS = 16;
const CLIENT_TIMEOUT_MS = 2_000;

/** Serves commands of the user who runs the service: see protocol.ts. One runs at a time. */
export class ControlSocket {
  readonly #options: ControlSocketOptions;
  readonly #stopping = new AbortController();
  readonly #connections = new Set<Promise<void>>();
  readonly #server: Server;
  #isBusy = false;

  constructor(options: ControlSocketOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#accept(socket));
    this.#server.maxConnections = MAX_CLIENTS;
  }

  /**
   * A service without the socket works, except that `backup` cannot reach it. The caller must have locked the data folder: a
   * socket that is already there was left behind by a crash.
   */
  async start(): Promise<void> {
    const { path, logger } = this.#options;
    try {
      await rm(path, { force: true });
      this.#listen(path);
      await once(this.#server, 'listening');
      this.#server.on('error', (err) => logger.warn({ err, path }, 'the control socket failed'));
    } catch (err) {
      logger.warn({ err, path }, 'no control socket: order-system backup needs the service stopped');
    }
  }

  /** `listen` creates the socket before it returns, so no other user can open it at any time. */
  #listen(path: string): void {
    const umask = process.umask(0o177);
    try {
      this.#server.listen(path);
    } finally {
      process.umask(umask);
    }
  }

  /** Ends a backup in progress, and disconnects every client. */
  async stop(): Promise<void> {
    this.#stopping.abort(new ServiceError('draining', 'The service is shutting down.'));
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    await Promise.all([...this.#connections, closed]);
  }

  #accept(socket: Socket): void {
    const connection = this.#serve(socket).finally(() => this.#connections.delete(connection));
    this.#connections.add(connection);
  }

  async #serve(socket: Socket): Promise<void> {
    const left = new AbortController();
    socket.on('error', (error) => this.#options.logger.debug({ err: error }, 'a control connection failed'));
    socket.on('close', () => left.abort(new ServiceError('backup-failed', 'The command was stopped.')));
    const signal = AbortSignal.any([left.signal, this.#stopping.signal]);
    const reply = (message: ControlReply) => socket.writable && socket.write(`${JSON.stringify(message)}\n`);
    try {
      this.#limitSilence(socket);
      const request = parseRequest(await firstLine(socket, signal));
      socket.setTimeout(0);
      const onProgress: BackupProgress = (file, done, total) =>
        reply({ kind: 'progress', file, done, total });
      reply(await this.#alone(() => this.#run(request, onProgress, signal)));
    } catch (thrown) {
      const { code, message } = toServiceError(thrown);
      reply({ kind: 'failed', code, message });
    }
    this.#limitSilence(socket);
    // Unlike `end`, it does not wait until the client closes its side.
    socket.destroySoon();
  }

  #limitSilence(socket: Socket): void {
    socket.setTimeout(this.#options.clientTimeoutMs ?? CLIENT_TIMEOUT_MS, () => socket.destroy());
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isBusy) {
      throw new ServiceError(
        'backup-failed',
        'Another backup is running, or an erasure. Wait until it is done.',
      );
    }
    this.#isBusy = true;
    try {
      return await work();
    } finally {
      this.#isBusy = false;
    }
  }

  async #run(
    request: ControlRequest,
    onProgress: BackupProgress,
    signal: AbortSignal,
  ): Promise<Extract<ControlReply, { kind: 'done' }>> {
    const { backUp, eraseLog, logger } = this.#options;
    try {
      if (request.command === 'erase-log') {
        if (eraseLog === undefined)
          throw new ServiceError('bad-request', 'This service has no such command.');
        logger.info('An erasure of personal data from the event log begins.');
        const redacted = await eraseLog(request, onProgress, signal);
        logger.info({ redacted }, 'The personal data is erased from the event log.');
        return { kind: 'done', redacted };
      }
      const { folder } = request;
      logger.info({ folder }, 'a backup begins');
      await backUp(folder, onProgress, signal);
      logger.info({ folder }, 'the backup is complete');
      return { kind: 'done' };
    } catch (error) {
      logger.error({ command: request.command, err: toError(error) }, 'the command failed');
      throw error;
    }
  }
}

async function firstLine(socket: Socket, signal: AbortSignal): Promise<string> {
  let bytes = 0;
  socket.on('data', ({ length }) => {
    bytes += length;
    if (bytes > MAX_REQUEST_BYTES) socket.destroy();
  });
  const lines = createInterface({ input: socket });
  try {
    const [line] = (await once(lines, 'line', { signal })) as [string];
    return line;
  } finally {
    lines.close();
    // Closing the lines pauses the socket, and a paused socket would not report that the command has gone.
    socket.resume();
  }
}

function parseRequest(line: string): ControlRequest {
  const request: unknown = JSON.parse(line);
  if (isBackup(request) || isEraseLog(request)) return request;
  throw new ServiceError(
    'bad-request',
    'The request is not {"command":"backup","folder":"<absolute path>"}.',
  );
}

function isBackup(request: unknown): request is BackupRequest {
  if (!isCommand(request, 'backup')) return false;
  return typeof request.folder === 'string' && isAbsolute(request.folder);
}

function isEraseLog(request: unknown): request is EraseLogRequest {
  if (!isCommand(request, 'erase-log')) return false;
  const { customerId, pseudonym, orderIds, rewrite } = request;
  return (
    typeof customerId === 'string' &&
    typeof pseudonym === 'string' &&
    typeof rewrite === 'boolean' &&
    Array.isArray(orderIds) &&
    orderIds.every((id) => typeof id === 'string')
  );
}

function isCommand(request: unknown, command: string): request is Record<string, unknown> {
  return (
    typeof request === 'object' && request !== null && 'command' in request && request.command === command
  );
}
