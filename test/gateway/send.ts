import { request as requestHttp, type IncomingHttpHeaders } from 'node:http';
import { request as requestHttps } from 'node:https';

export interface SendOptions {
  method?: string;
  headers?: Record<string, string>;
  /** sent as it is when it is text or bytes, else as JSON */
  body?: unknown;
  /** an address of 127.0.0.0/8 that the request comes from: each is a client of its own */
  from?: string;
  /** PEM that is trusted */
  ca?: string;
}

export interface Sent {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** of an answer that is JSON */
  json: Record<string, unknown>;
}

/** One request on a connection of its own. @throws Error when no answer comes */
export function send(base: string, path: string, options: SendOptions = {}): Promise<Sent> {
  const { method = options.body === undefined ? 'GET' : 'POST', headers = {}, from, ca } = options;
  const url = new URL(path, base);
  const body = bytesOf(options.body);
  const about = {
    method,
    headers: {
      ...(body === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': String(body.length) }),
      ...headers,
    },
    agent: false as const,
    ...(from === undefined ? {} : { localAddress: from }),
    ...(ca === undefined ? {} : { ca }),
    signal: AbortSignal.timeout(60_000),
  };
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, about, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.once('error', reject);
      response.once('end', () => {
        const isJson = response.headers['content-type']?.includes('json') === true;
        const json = isJson ? (JSON.parse(text) as Record<string, unknown>) : {};
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json });
      });
    });
    // A server that refuses a body closes while it is still being sent; its answer is there all the same.
    request.on('error', reject);
    request.end(body);
  });
}

function bytesOf(body: unknown): Buffer | undefined {
  if (body === undefined || Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}
