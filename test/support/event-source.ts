/** An event of `/v1/order-events`. */
export interface OrderEvent {
  event: string;
  id: string;
  data: { orderId: string; status: string; version: number };
}

/** The response is no stream. */
export class StreamRefused extends Error {
  readonly status: number;

  constructor(status: number, body: string) {
    super(`${status}: ${body}`);
    this.status = status;
  }
}

/** Reads server-sent events over HTTP until it is closed; resumes after `lastEventId`. */
export class EventSourceReader {
  readonly #cut = new AbortController();
  readonly #headers: Record<string, string>;
  #lastEventId: string;

  /** @param headers sent besides `Last-Event-ID` */
  constructor(lastEventId = '', headers: Record<string, string> = {}) {
    this.#lastEventId = lastEventId;
    this.#headers = headers;
  }

  get lastEventId(): string {
    return this.#lastEventId;
  }

  cut(): void {
    this.#cut.abort();
  }

  /**
   * Calls `onOpen` when the stream begins and `onEvent` with every event, until it ends or is cut.
   * @throws StreamRefused
   */
  async read(url: string, onEvent: (event: OrderEvent) => void, onOpen?: () => void): Promise<void> {
    const resume: Record<string, string> =
      this.#lastEventId === '' ? {} : { 'last-event-id': this.#lastEventId };
    const headers = { ...this.#headers, ...resume };
    try {
      const response = await fetch(url, { headers, signal: this.#cut.signal });
      if (response.status !== 200 || response.body === null) {
        throw new StreamRefused(response.status, await response.text());
      }
      onOpen?.();
      let text = '';
      for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
        text += chunk;
        const blocks = text.split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) this.#take(block, onEvent);
      }
    } catch (error) {
      // Killing the server or closing the reader ends a stream in the middle.
      const isCutOff = error instanceof TypeError || this.#cut.signal.aborted;
      if (!isCutOff) throw error;
    }
  }

  #take(block: string, onEvent: (event: OrderEvent) => void): void {
    if (this.#cut.signal.aborted) return;
    const fields = new Map<string, string>();
    for (const line of block.split('\n')) {
      const colon = line.indexOf(': ');
      if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 2));
    }
    const id = fields.get('id');
    const data = fields.get('data');
    if (data !== undefined) {
      onEvent({
        event: fields.get('event') ?? '',
        id: id ?? '',
        data: JSON.parse(data) as OrderEvent['data'],
      });
    }
    if (id !== undefined) this.#lastEventId = id;
  }
}
