import { acceptsConnections, HOST } from './ports.ts';

const METADATA_TIMEOUT_MS = 3_000;

/** True once the broker at this port answers a metadata request and lists itself as a live broker. */
export async function answersKafka(port: number): Promise<boolean> {
  // A client that finds no listener keeps a thread busy until its timeout, a plain connect says so at once.
  if (!(await acceptsConnections(port))) return false;
  // Only here, so that a stop works even where the native client could not be built.
  const { default: rdkafka } = await import('node-rdkafka');
  const client = new rdkafka.Producer({ 'bootstrap.servers': `${HOST}:${port}`, log_level: 0 });
  const listed = await new Promise<boolean>((resolve) => {
    client.connect({ allTopics: false, timeout: METADATA_TIMEOUT_MS }, (error: unknown, metadata) => {
      resolve(!error && metadata.brokers.some((broker) => broker.port === port));
    });
  });
  if (client.isConnected()) await new Promise((resolve) => client.disconnect(resolve));
  return listed;
}
