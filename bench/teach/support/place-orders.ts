import { Agent, request } from 'node:http';
import autocannon from 'autocannon';
import { paced } from '../../support/paced.ts';
import { sampleOrder } from '../../support/sample-order.ts';

export interface Target {
  /** of the server */
  url: string;
  headers: Readonly<Record<string, string>>;
  /** the status code of every answer */
  status: number;
}

/** Orders a second over 64 connections, each of which sends its next order when the last one is answered. @throws Error at another answer */
export async function placeAtFullSpeed({ url, headers, status }: Target, seconds: number): Promise<number> {
  const { statusCodeStats, start, finish } = await autocannon({
    ...{ url: `${url}/v1/orders`, method: 'POST', connections: 64, duration: seconds },
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(sampleOrder(1)),
  });
  const { [`${status}` as const]: expected, ...others } = statusCodeStats ?? {};
  if (Object.keys(others).length > 0)
    throw new Error(`Not all answers were ${status}: ${JSON.stringify(others)}`);
  return ((expected?.count ?? 0) * 1_000) / (finish.getTime() - start.getTime());
}

/**
 * Sends orders at a steady rate, whether or not earlier ones are answered: a stall of the server holds up all that come during it.
 * @returns the milliseconds until the answer, in the order of sending @throws Error at another answer
 */
export async function placeSteadily(target: Target, count: number, rate: number): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, noDelay: true });
  try {
    const answered: Promise<number>[] = [];
    await paced(count, rate, (index) => {
      const placing = place(target, agent, index);
      // Reported below, when all are sent.
      placing.catch(() => undefined);
      answered.push(placing);
    });
    return await Promise.all(answered);
  } finally {
    agent.destroy();
  }
}

function place({ url, headers, status }: Target, agent: Agent, index: number): Promise<number> {
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    const options = { method: 'POST', agent, headers: { ...headers, 'content-type': 'application/json' } };
    const sent = request(`${url}/v1/orders`, options, (response) => {
      response
        .on('error', reject)
        .on('end', () => {
          if (response.statusCode === status) resolve(performance.now() - startedAt);
          else reject(new Error(`An order was answered ${response.statusCode ?? 0} instead of ${status}.`));
        })
        .resume();
    });
    sent.on('error', reject);
    sent.end(JSON.stringify(sampleOrder(index)));
  });
}
