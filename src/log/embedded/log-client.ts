import { EventEmitter } from 'node:events';
import { Worker } from 'node:worker_threads';
import { ServiceError, toError } from '../../base/errors.ts';
import type { OutgoingRecord } from '../event-log.ts';
import { encodeAppends } from './frames.ts';
import type {
  Arguments,
  CorruptRecords,
  FromThread,
  Method,
  OpenOptions,
  Reply,
  ToThread,
} from './protocol.ts';

interface PendingCall {
  resolve: (reply: Reply) => void;
  reject: (error: ServiceError) => void;
}

interface LogClientEvents {
  appended: [topics: string[]];
  /** the reason, or undefined when the log works again */
  health: [problem: string | undefined];
  /** retention has deleted them */
  corrupt: [records: CorruptRecords];
  /** pages that a backup has copied */
  backup: [done: number, total: number];
  /** the thread ended unexpectedly */
  died: [error: ServiceError];
}

/** Starts the log thread and calls its LogServer. */
export class LogClient extends EventEmitter<LogClientEvents> {
  readonly #options: OpenOptions;
  readonly #threadEntry: URL;
  readonly #calls = new Map<number, PendingCall>();
  #worker: Worker | undefined;
  #exited: Promise<void> = Promise.resolve();
  #closing = false;
  #lastCall = 0;
  #problem: string | undefined;

  constructor(options: OpenOptions, threadEntry: URL) {
    super();
    // Each consumer and follower adds a listener.
    this.setMaxListeners(0);
    this.#options = options;
    this.#threadEntry = threadEntry;
  }

  /** @returns the identity of the log @throws ServiceError when the log cannot be opened; the thread is then stopped */
  async start(): Promise<string> {
    // No execArgv: the thread starts faster without preloaded modules.
    const worker = new Worker(this.#threadEntry, { execArgv: [], workerData: this.#options });
    this.#worker = worker;
    this.#exited = new Promise((resolve) => {
      let reason: Error | undefined;
      worker.on('message', (message: FromThread) => this.#receive(message));
      worker.on('error', (error) => (reason = toError(error)));
      worker.on('exit', () => {
        this.#onExit(reason);
        resolve();
      });
    });
    try {
      return await this.call('open', []);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Makes all records durable, or none. Returns what `LogCalls.append` returns. @throws as `call` */
  async append(records: readonly OutgoingRecord[]): Promise<Float64Array> {
    const { topics, frames } = encodeAppends(records);
    const positions = await this.call('append', [topics, frames], [frames.buffer]);
    this.emit('appended', topics);
    return positions;
  }

  /**
   * Calls a method of LogServer. The thread answers calls in order.
   * @param transfer buffers that are moved to the thread and become unusable here
   * @throws ServiceError that the method throws · `log-timeout` when the thread dies before it answers · `log-unavailable`
   *   when the thread is not running
   */
  async call<M extends Method>(
    method: M,
    args: Arguments<M>,
    transfer: ArrayBuffer[] = [],
  ): Promise<Reply<M>> {
    if (this.#worker === undefined || this.#closing) {
      const detail = this.#problem ?? 'The event log is not open.';
      throw new ServiceError('log-unavailable', detail);
    }
    const call = ++this.#lastCall;
    const reply = new Promise<Reply>((resolve, reject) => this.#calls.set(call, { resolve, reject }));
    this.#send({ kind: 'call', call, method, args }, transfer);
    return (await reply) as Reply<M>;
  }

  readinessProblem(): string | undefined {
    return this.#problem;
  }

  /** Waits for the answers to earlier calls, closes the file and ends the thread. */
  async stop(): Promise<void> {
    this.#closing = true;
    this.#send({ kind: 'close' });
    await this.#exited;
  }

  #send(message: ToThread, transfer: ArrayBuffer[] = []): void {
    this.#worker?.postMessage(message, transfer);
  }

  #receive(message: FromThread): void {
    if (message.kind === 'health') {
      this.#problem = message.problem;
      this.emit('health', message.problem);
      return;
    }
    if (message.kind === 'corrupt') {
      this.emit('corrupt', message.records);
      return;
    }
    if (message.kind === 'backup') {
      this.emit('backup', message.done, message.total);
      return;
    }
    const pending = this.#calls.get(message.call);
    this.#calls.delete(message.call);
    if (message.kind === 'done') pending?.resolve(message.reply);
    else pending?.reject(new ServiceError(message.code, message.message));
  }

  /** @param reason for the log alone: it may name files, and callers see the message of a `log-timeout` */
  #onExit(reason: Error | undefined): void {
    this.#worker = undefined;
    if (this.#closing && this.#calls.size === 0) return;
    this.#problem = 'The thread of the event log died. Restart the process.';
    const detail = `${this.#problem} Calls in flight may or may not have been executed.`;
    const error = new ServiceError('log-timeout', detail, { cause: reason });
    for (const { reject } of this.#calls.values()) reject(error);
    this.#calls.clear();
    this.emit('died', error);
  }
}
