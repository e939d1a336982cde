import { Agent, request } from 'node:http';
import { paced } from './paced.ts';
import { sampleOrder } from './sample-order.ts';

const BODIES = Array.from({ length: 1_000 }, (_, index) => Buffer.from(JSON.stringify(sampleOrder(index))));

/**
 * Places orders at a steady rate, however long the answers take.
 * @returns the milliseconds from the moment at which each order was due until its answer
 * @throws Error unless every order is accepted
 */
export async function placeAtRate(
  url: string,
  { count, rate }: { count: number; rate: number },
): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const answers: Promise<number>[] = [];
  const startedAt = performance.now();
  await paced(count, rate, (index) => {
    const dueAt = startedAt + (index * 1_000) / rate;
    const answer = place(url, agent, BODIES[index % BODIES.length] as Buffer).then(
      () => performance.now() - dueAt,
    );
    // It is awaited below; until then a failure must not end the process.
    answer.catch(() => undefined);
    answers.push(answer);
  });
  try {
    return await Promise.all(answers);
  } finally {
    agent.destroy();
  }
}

function place(url: string, agent: Agent, body: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': body.length };
    const sent = request(`${url}/v1/orders`, { method: 'POST', agent, headers }, (response) => {
      let answer = '';
      response.setEncoding('utf8').on('data', (text: string) => (answer += text));
      response.on('end', () => (response.statusCode === 202 ? resolve() : reject(new Error(answer))));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
