import { Agent, request, type IncomingMessage } from 'node:http';

/** The honest client's own address. */
export const HONEST_ADDRESS = '127.0.0.2';

export const TIMEOUT_MS = 10_000;

export interface HonestAnswer {
  status: number;
  location: string | undefined;
  body: Record<string, unknown>;
}

/** An HTTP client that keeps its connections. */
export class HonestHttp {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 100, localAddress: HONEST_ADDRESS });
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** Reads the whole answer. @throws Error when the connection is cut, or after TIMEOUT_MS */
  async send(
    path: string,
    { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<HonestAnswer> {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await this.#open(path, { body, headers, signal });
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const { statusCode: status = 0, headers: answered } = response;
    const isJson = answered['content-type']?.includes('json') === true;
    const json = isJson ? (JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>) : {};
    return { status, location: answered.location, body: json };
  }

  /** Resolves at the head of the answer. The caller destroys it. */
  stream(path: string, headers: Record<string, string>, signal: AbortSignal): Promise<IncomingMessage> {
    return this.#open(path, { headers, signal });
  }

  close(): void {
    this.#agent.destroy();
  }

  #open(
    path: string,
    { body, headers, signal }: { body?: unknown; headers: Record<string, string>; signal: AbortSignal },
  ): Promise<IncomingMessage> {
    const json = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const sent = request(
        new URL(path, this.#url),
        {
          method: json === undefined ? 'GET' : 'POST',
          headers: { ...(json === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
          agent: this.#agent,
          signal,
        },
        resolve,
      );
      sent.on('error', (error) => reject(signal.aborted ? new Error('timeout') : error));
      sent.end(json);
    });
  }
}
