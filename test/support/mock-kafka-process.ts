import kafka, { type LibrdKafkaError } from 'node-rdkafka';

/** The process of the mock cluster: reports its address, creates topics on request and ends with its parent. */
const cluster = new kafka.Producer({ 'test.mock.num.brokers': 1 } as object);

cluster.connect({}, (_error, metadata) => {
  const brokers = metadata.brokers.map(({ host, port }) => `${host}:${port}`).join(',');
  process.send?.({ brokers });
});

// A metadata request for a topic creates it; the mock cluster does not support CreateTopics.
process.on('message', ({ topic }: { topic: string }) => {
  cluster.getMetadata({ topic, allTopics: false, timeout: 10_000 }, (error: LibrdKafkaError | null) => {
    process.send?.({ topic, error: error?.message });
  });
});

process.on('disconnect', () => process.exit());
