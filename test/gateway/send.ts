import { request as requestHttp, type IncomingHttpHeaders } from 'node:http';
import { request as requestHttps } from 'node:https';
import { connect } from 'node:net';

export interface SendOptions {
  method?: string;
  headers?: Record<string, string>;
  /** text and bytes are sent unchanged, anything else as JSON */
  body?: unknown;
  /** source address in 127.0.0.0/8; each counts as a separate client */
  from?: string;
  /** trusted certificate, PEM */
  ca?: string;
}

export interface Sent {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** empty unless the response is JSON */
  json: Record<string, unknown>;
}

/** Sends one request on its own connection. @throws Error without a response */
export function send(base: string, path: string, options: SendOptions = {}): Promise<Sent> {
  const { method = options.body === undefined ? 'GET' : 'POST', headers = {}, from, ca } = options;
  const url = new URL(path, base);
  const body = bytesOf(options.body);
  const requestOptions = {
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
    const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(
      url,
      requestOptions,
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.once('error', reject);
        response.once('end', () => {
          const isJson = response.headers['content-type']?.includes('json') === true;
          const json = isJson ? (JSON.parse(text) as Record<string, unknown>) : {};
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json });
        });
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

/** Sends the text and nothing more; resolves with the response when the server closes the connection. */
export function sendAndStall(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let response = '';
    const socket = connect(Number(port), hostname, () => socket.write(text));
    socket.setTimeout(60_000, () => socket.destroy(new Error('The connection was kept for a minute.')));
    socket.setEncoding('utf8').on('data', (chunk: string) => (response += chunk));
    // A reset also closes the connection.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET') reject(error);
    });
    socket.on('close', () => resolve(response));
  });
}

function bytesOf(body: unknown): Buffer | undefined {
  if (body === undefined || Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}
