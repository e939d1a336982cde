import { Agent, request } from 'node:http';

export interface HttpAnswer {
  status: number;
  /** of the Location header; empty without one */
  location: string;
  body: unknown;
}

/** No answer came. Where no connection came about, the request was certainly not heard. */
export class Unanswered extends Error {
  readonly isUnheard: boolean;

  constructor(cause: Error) {
    super(cause.message, { cause });
    this.isUnheard = 'code' in cause && cause.code === 'ECONNREFUSED';
  }
}

/** Speaks JSON over connections that are kept; a load generator must not cost more than what it loads. */
export class HttpClient {
  readonly #agent: Agent;
  readonly #timeoutMs: number;

  constructor(options: { maxConnections: number; timeoutMs: number }) {
    this.#agent = new Agent({ keepAlive: true, maxSockets: options.maxConnections });
    this.#timeoutMs = options.timeoutMs;
  }

  /** @throws Unanswered */
  get(url: string): Promise<HttpAnswer> {
    return this.#exchange('GET', url, undefined, {});
  }

  /** @throws Unanswered */
  post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<HttpAnswer> {
    return this.#exchange('POST', url, JSON.stringify(body), {
      'content-type': 'application/json',
      ...headers,
    });
  }

  close(): void {
    this.#agent.destroy();
  }

  #exchange(
    method: string,
    url: string,
    body: string | undefined,
    headers: Record<string, string>,
  ): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => reject(new Unanswered(error));
      const asked = request(url, { method, headers, agent: this.#agent }, (answer) => {
        let text = '';
        answer
          .setEncoding('utf8')
          .on('data', (chunk: string) => (text += chunk))
          .once('error', fail)
          .once('end', () => {
            const { statusCode: status = 0, headers } = answer;
            const isJson = headers['content-type']?.includes('json') === true;
            try {
              const content: unknown = isJson ? JSON.parse(text) : text;
              resolve({ status, location: headers.location ?? '', body: content });
            } catch (error) {
              fail(error instanceof Error ? error : new Error(String(error)));
            }
          });
      });
      const timer = setTimeout(
        () => asked.destroy(new Error(`no answer in ${this.#timeoutMs} ms`)),
        this.#timeoutMs,
      );
      asked.once('error', fail).once('close', () => clearTimeout(timer));
      asked.end(body);
    });
  }
}
