import { setTimeout as delay } from 'node:timers/promises';
import { toError } from '../../src/base/errors.ts';
import type { HonestHttp } from './honest-http.ts';

const PAUSE_MS = 500;

/** Reads one customer's events; resumes when the stream ends. */
export class HonestStream {
  readonly #http: HonestHttp;
  readonly #path: string;
  readonly #onEvent: (orderId: string) => void;
  readonly #onEnd: (why: string) => void;
  readonly #closing = new AbortController();
  #lastId = '';
  #reading: Promise<void> = Promise.resolve();

  constructor(
    http: HonestHttp,
    path: string,
    { onEvent, onEnd }: { onEvent: (orderId: string) => void; onEnd: (why: string) => void },
  ) {
    this.#http = http;
    this.#path = path;
    this.#onEvent = onEvent;
    this.#onEnd = onEnd;
  }

  start(): void {
    this.#reading = this.#readOn();
  }

  async stop(): Promise<void> {
    this.#closing.abort();
    await this.#reading;
  }

  async #readOn(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const why = await this.#readOnce().catch((error: unknown) => toError(error).message);
      if (this.#closing.signal.aborted) return;
      this.#onEnd(why);
      await delay(PAUSE_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** @returns why the stream ended */
  async #readOnce(): Promise<string> {
    const headers: Record<string, string> = this.#lastId === '' ? {} : { 'last-event-id': this.#lastId };
    const response = await this.#http.stream(this.#path, headers, this.#closing.signal);
    if (response.statusCode !== 200) {
      response.destroy();
      return String(response.statusCode);
    }
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) {
      text += chunk as string;
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      blocks.forEach((block) => this.#take(block));
    }
    return 'ended';
  }

  #take(block: string): void {
    this.#lastId = /^id: (.+)$/m.exec(block)?.[1] ?? this.#lastId;
    const data = /^data: (.+)$/m.exec(block)?.[1];
    if (data === undefined) return;
    const { orderId } = JSON.parse(data) as { orderId?: string };
    if (orderId !== undefined) this.#onEvent(orderId);
  }
}
