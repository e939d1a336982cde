import { once } from 'node:events';
import { connect } from 'node:net';

const TIMEOUT_MS = 1000;

/**
 * Resolves when one of the brokers accepts a TCP connection. Unlike a call of librdkafka, this blocks no thread.
 * @param brokers comma-separated `host:port`
 * @param timeoutMs for each of them
 * @throws Error if none does
 */
export async function reachBroker(brokers: string, timeoutMs = TIMEOUT_MS): Promise<void> {
  await Promise.any(brokers.split(',').map((broker) => reach(broker.trim(), timeoutMs)));
}

async function reach(broker: string, timeoutMs: number): Promise<void> {
  const { hostname, port } = new URL(`kafka://${broker.replace(/^.*:\/\//, '')}`);
  // Without brackets around an IPv6 address. 9092 is librdkafka's default.
  const socket = connect({ host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port || 9092) });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(timeoutMs) });
  } finally {
    socket.destroy();
  }
}
