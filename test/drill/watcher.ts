import { EventSourceReader, StreamRefused, type OrderEvent } from '../support/event-source.ts';
import { pause } from './abort.ts';
import { drillNow } from './drill-clock.ts';
import type { Resume, ToldChange, WatchLog } from './watch-log.ts';

const PATH = '/v1/order-events';
const PAUSE_BEFORE_RECONNECT_MS = 200;

export interface WatcherOptions {
  name: string;
  /** the address for the next connection; undefined while all are down */
  nextAddress: () => string | undefined;
}

/** Watches all orders and resumes after every disconnect, as a careful client does. It keeps everything it sees. */
export class Watcher implements WatchLog {
  readonly name: string;
  readonly told: ToldChange[] = [];
  readonly resumes: Resume[] = [];
  readonly probes: Resume[] = [];
  readonly #nextAddress: WatcherOptions['nextAddress'];
  readonly #stop = new AbortController();
  #reader = new EventSourceReader();
  /** when the token of the reader came; undefined before the first */
  #tokenAt: number | undefined;
  /** refused, and not yet replaced by a new stream */
  #refused: Resume | undefined;
  readonly #refusedTokens: { token: string; tokenAt: number }[] = [];
  #running: Promise<void> = Promise.resolve();

  constructor({ name, nextAddress }: WatcherOptions) {
    this.name = name;
    this.#nextAddress = nextAddress;
  }

  /** Resolves when the first stream is open: every later change must be told. @throws what ends the watch before */
  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#running = this.#run(resolve);
      this.#running.then(resolve, reject);
    });
  }

  /** Ends the stream. @throws what ended the watch before */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#reader.cut();
    await this.#running;
  }

  /** Presents every refused token again: it must stay refused when the new history has overtaken it. */
  async probe(address: string): Promise<void> {
    for (const { token, tokenAt } of this.#refusedTokens) {
      const reader = new EventSourceReader(token);
      let status = 0;
      const opened = (): void => {
        status = 200;
        reader.cut();
      };
      await reader
        .read(address + PATH, () => undefined, opened)
        .catch((error: unknown) => {
          if (!(error instanceof StreamRefused)) throw error;
          ({ status } = error);
        });
      this.probes.push({ tokenAt, at: drillNow(), status });
    }
  }

  async #run(onFirstOpen: () => void): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const address = this.#nextAddress();
      if (address !== undefined) await this.#watch(address, onFirstOpen);
      await pause(PAUSE_BEFORE_RECONNECT_MS, signal);
    }
  }

  async #watch(address: string, onFirstOpen: () => void): Promise<void> {
    const open = (): void => {
      this.#onOpen();
      onFirstOpen();
    };
    try {
      await this.#reader.read(address + PATH, (event) => this.#onEvent(event), open);
    } catch (error) {
      if (!(error instanceof StreamRefused)) throw error;
      this.#onRefused(error.status);
    }
  }

  #onOpen(): void {
    const at = drillNow();
    if (this.#refused !== undefined) this.#refused.at = at;
    else if (this.#tokenAt !== undefined) this.resumes.push({ tokenAt: this.#tokenAt, at, status: 200 });
    this.#refused = undefined;
    this.#tokenAt ??= at;
  }

  #onEvent({ event, data }: OrderEvent): void {
    if (event === 'problem') {
      // The last event of a stream says why it ends, as a response would.
      this.#onRefused(Number(data.status));
      return;
    }
    const at = drillNow();
    const { orderId, version, status } = data;
    this.#tokenAt = at;
    this.told.push({ orderId, version, status: status as ToldChange['status'], at });
  }

  #onRefused(status: number): void {
    if (status === 429 || status >= 500) return;
    const resume = { tokenAt: this.#tokenAt ?? 0, at: drillNow(), status };
    this.resumes.push(resume);
    if (status !== 410) return;
    this.#refused = resume;
    this.#refusedTokens.push({ token: this.#reader.lastEventId, tokenAt: resume.tokenAt });
    this.#tokenAt = undefined;
    this.#reader.cut();
    this.#reader = new EventSourceReader();
  }
}

/** One watcher for each process that serves watchers, each starting at another one. */
export function createWatchers(addresses: () => readonly string[]): Watcher[] {
  return addresses().map((_, index) => {
    let connections = index;
    const nextAddress = (): string | undefined => {
      const up = addresses();
      return up[connections++ % up.length];
    };
    return new Watcher({ name: `watcher-${index + 1}`, nextAddress });
  });
}
