import { once } from 'node:events';
import { chmod, rm } from 'node:fs/promises';
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
  logger: Logger;
}

const MAX_REQUEST_BYTES = 65_536;

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
  }

  /**
   * A service without the socket works, except that `backup` cannot reach it. The caller must have locked the data folder: a
   * socket that is already there was left behind by a crash.
   */
  async start(): Promise<void> {
    const { path, logger } = this.#options;
    try {
      await rm(path, { force: true });
      this.#server.listen(path);
      await once(this.#server, 'listening');
      await chmod(path, 0o600);
    } catch (err) {
      logger.warn({ err, path }, 'no control socket: order-system backup needs the service stopped');
    }
  }

  /** Ends a backup in progress. */
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
      const { folder } = parseRequest(await firstLine(socket, signal));
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
    socket.end();
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
