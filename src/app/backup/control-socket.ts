import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { isAbsolute } from 'node:path';
import { createInterface } from 'node:readline';
import { ServiceError, toError, toServiceError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { BackupProgress } from './back-up.ts';
import type { BackupRequest, ControlReply } from './protocol.ts';

export interface ControlSocketOptions {
  path: string;
  /** must end when the signal is aborted */
  backUp: (folder: string, onProgress: BackupProgress, signal: AbortSignal) => Promise<void>;
  /** a client that sends no request, or does not read the replies, for this long is disconnected; 2 s by default */
  clientTimeoutMs?: number;
  logger: Logger;
}

const MAX_REQUEST_BYTES = 65_536;
const MAX_CLIENTS = 16;
const CLIENT_TIMEOUT_MS = 2_000;

/** Serves commands of the user who runs the service: see protocol.ts. One backup runs at a time. */
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
      const { folder } = parseRequest(await firstLine(socket, signal));
      socket.setTimeout(0);
      await this.#backUp(
        folder,
        (file, done, total) => reply({ kind: 'progress', file, done, total }),
        signal,
      );
      reply({ kind: 'done' });
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

  async #backUp(folder: string, onProgress: BackupProgress, signal: AbortSignal): Promise<void> {
    const { backUp, logger } = this.#options;
    if (this.#isBusy) {
      throw new ServiceError('backup-failed', 'Another backup is running. Wait until it is done.');
    }
    this.#isBusy = true;
    try {
      logger.info({ folder }, 'a backup begins');
      await backUp(folder, onProgress, signal);
      logger.info({ folder }, 'the backup is complete');
    } catch (error) {
      logger.error({ folder, err: toError(error) }, 'the backup failed');
      throw error;
    } finally {
      this.#isBusy = false;
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

function parseRequest(line: string): BackupRequest {
  const request: unknown = JSON.parse(line);
  if (typeof request === 'object' && request !== null && 'command' in request && 'folder' in request) {
    const { command, folder } = request;
    if (command === 'backup' && typeof folder === 'string' && isAbsolute(folder)) return { command, folder };
  }
  throw new ServiceError(
    'bad-request',
    'The request is not {"command":"backup","folder":"<absolute path>"}.',
  );
}
