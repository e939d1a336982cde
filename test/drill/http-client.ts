import { Agent, request } from 'node:http';

export interface HttpResponse {
  status: number;
  /** the Location header; empty without one */
  location: string;
  body: unknown;
}

/** No response came. */
export class RequestError extends Error {
  /** no connection was made, so the service certainly did not get the request */
  readonly isRefused: boolean;

  constructor(cause: Error) {
    super(cause.message, { cause });
    this.isRefused = 'code' in cause && cause.code === 'ECONNREFUSED';
  }
}

/** JSON over keep-alive connections. Uses node:http: a load generator must cost less than the service it loads. */
export class HttpClient {
  readonly #agent: Agent;
  readonly #timeoutMs: number;

  constructor(options: { maxConnections: number; timeoutMs: number }) {
    this.#agent = new Agent({ keepAlive: true, maxSockets: options.maxConnections });
    this.#timeoutMs = options.timeoutMs;
  }

  /** @throws RequestError */
  get(url: string): Promise<HttpResponse> {
    return this.#send('GET', url, undefined, {});
  }

  /** @throws RequestError */
  post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<HttpResponse> {
    return this.#send('POST', url, JSON.stringify(body), { 'content-type': 'application/json', ...headers });
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(
    method: string,
    url: string,
    body: string | undefined,
    headers: Record<string, string>,
  ): Promise<HttpResponse> {
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => reject(new RequestError(error));
      const sent = request(url, { method, headers, agent: this.#agent }, (response) => {
        let text = '';
        response
          .setEncoding('utf8')
          .on('data', (chunk: string) => (text += chunk))
          .once('error', fail)
          .once('end', () => {
            const { statusCode: status = 0, headers } = response;
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
        () => sent.destroy(new Error(`no response in ${this.#timeoutMs} ms`)),
        this.#timeoutMs,
      );
      sent.once('error', fail).once('close', () => clearTimeout(timer));
      sent.end(body);
    });
  }
}
