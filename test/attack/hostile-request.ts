import { request } from 'node:http';
import { hostileAddress, type Scene } from './attack.ts';

export interface HostileRequest {
  method?: string;
  headers?: Record<string, string>;
  body?: Buffer | string;
  /** index of the source address */
  from?: number;
}

export interface HostileAnswer {
  /** 0 when the connection was cut */
  status: number;
  /** the first bytes of the body */
  text: string;
}

const KEPT_TEXT = 8 * 1024;

/** Sends one request on its own connection and reads the whole answer. Never throws: a cut connection has status 0. */
export async function hostileRequest(
  { url, signal, tally }: Pick<Scene, 'url' | 'signal' | 'tally'>,
  path: string,
  { method, headers = {}, body, from = 0 }: HostileRequest = {},
): Promise<HostileAnswer> {
  tally.sent();
  const answer = await new Promise<HostileAnswer>((resolve) => {
    const cut = () => resolve({ status: 0, text: '' });
    const sent = request(new URL(path, url), {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
        ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
      },
      agent: false,
      localAddress: hostileAddress(from),
      signal,
    });
    sent.on('error', cut);
    sent.on('response', (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        if (text.length < KEPT_TEXT) text += chunk.toString('latin1').slice(0, KEPT_TEXT);
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', cut);
      response.on('close', cut);
    });
    sent.end(body);
  });
  if (answer.status !== 0 || !signal.aborted) tally.answered(answer.status || 'cut');
  return answer;
}
