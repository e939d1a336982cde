import { Agent, request } from 'node:http';
import { sampleOrder } from '../support/sample-order.ts';
import type { SentOrder } from './losses.ts';

/** Longer than any rival's own limit: what it says counts, not our patience. */
const ANSWER_TIMEOUT_MS = 15_000;

/** Sends orders over connections that are kept open; each order has a customer of its own, by which it is found again. */
export class OrderSender {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #url: string;
  readonly #name: string;
  #count = 0;

  /** @param url of the service @param name unique for this sender, of letters and digits */
  constructor(url: string, name: string) {
    this.#url = `${url}/v1/orders`;
    this.#name = name;
  }

  /** Never rejects: a broken connection is no answer. */
  async send(): Promise<SentOrder> {
    const customerId = `${this.#name}-${(this.#count += 1)}`;
    const body = JSON.stringify({ ...sampleOrder(this.#count), customerId });
    return { customerId, outcome: await this.#post(body) };
  }

  close(): void {
    this.#agent.destroy();
  }

  #post(body: string): Promise<SentOrder['outcome']> {
    return new Promise((resolve) => {
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const call = request(this.#url, { method: 'POST', agent: this.#agent, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.once('error', () => resolve('no answer'));
        response.once('end', () => resolve(outcomeOf(response.statusCode ?? 0, text)));
      });
      call.setTimeout(ANSWER_TIMEOUT_MS, () => call.destroy());
      call.once('error', () => resolve('no answer'));
      call.once('close', () => resolve('no answer'));
      call.end(body);
    });
  }
}

function outcomeOf(status: number, text: string): SentOrder['outcome'] {
  if (status !== 202) return { refused: status };
  const id = /"id":"([^"]+)"/.exec(text)?.[1];
  return id === undefined ? { refused: status } : { acknowledged: id };
}
