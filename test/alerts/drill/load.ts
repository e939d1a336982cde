import { anOrder } from '../../support/order-client.ts';

const MAX_IN_FLIGHT = 400;

/** Places orders at a steady rate, whatever the answers are. Beyond 400 requests in flight it leaves some out. */
export class SteadyLoad {
  readonly answers = new Map<string, number>();
  readonly #url: string;
  readonly #timer: NodeJS.Timeout;
  readonly #inFlight = new Set<Promise<void>>();

  constructor(url: string, perSecond: number) {
    this.#url = url;
    this.#timer = setInterval(() => this.place(), 1000 / perSecond);
  }

  place(customerId = 'c-drill'): void {
    if (this.#inFlight.size >= MAX_IN_FLIGHT) return;
    const request = this.#send(customerId).finally(() => this.#inFlight.delete(request));
    this.#inFlight.add(request);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#inFlight);
  }

  async #send(customerId: string): Promise<void> {
    const answer = await fetch(`${this.#url}/v1/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(anOrder({ customerId })),
      signal: AbortSignal.timeout(15_000),
    }).then(
      async (response) => {
        await response.arrayBuffer();
        return String(response.status);
      },
      () => 'no answer',
    );
    this.answers.set(answer, (this.answers.get(answer) ?? 0) + 1);
  }
}
