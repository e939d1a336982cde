import { acceptsConnections, HOST } from './ports.ts';

const METADATA_TIMEOUT_MS = 3_000;

/** Whether the broker at this port answers a metadata request and lists itself. */
export async function isKafkaReady(port: number): Promise<boolean> {
  // Without a listener a plain connect fails at once; the client would keep a thread busy until its timeout.
  if (!(await acceptsConnections(port))) return false;
  // Loaded here, so that kafka:stop works without the native module.
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
