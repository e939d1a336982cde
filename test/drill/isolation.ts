import { pause } from './abort.ts';
import type { ClusterNode } from './cluster-node.ts';
import { HttpClient, RequestError } from './http-client.ts';

const POLL_MS = 250;

/** Isolation ends when the orders that were waiting have been processed and retried once. */
const DEADLINE_MS = 120_000;

const ISOLATED = /^orders_partitions_isolated (\d+)$/m;

/** Waits until no service isolates the orders of a partition, as services do after two kills in a row. @throws Error after two minutes */
export async function untilNoneIsolated(nodes: readonly ClusterNode[], signal: AbortSignal): Promise<void> {
  const http = new HttpClient({ maxConnections: 1, timeoutMs: 1_000 });
  const deadline = performance.now() + DEADLINE_MS;
  try {
    while (!signal.aborted) {
      const isolated = await Promise.all(nodes.map((node) => isolatedPartitions(node, http)));
      if (isolated.every((count) => count === 0)) return;
      if (performance.now() > deadline) throw new Error('Partitions are still isolated after two minutes.');
      await pause(POLL_MS, signal);
    }
  } finally {
    http.close();
  }
}

/** undefined while the service is down */
async function isolatedPartitions({ address }: ClusterNode, http: HttpClient): Promise<number | undefined> {
  if (address === undefined) return undefined;
  try {
    const { body } = await http.get(`${address}/metrics`);
    return Number(ISOLATED.exec(String(body))?.[1]);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    return undefined;
  }
}
