import kafka, {} from 'node-rdkafka';
/** The mock cluster's own process: says its address, creates topics on request and ends with its parent. */
const cluster = new kafka.Producer({ 'test.mock.num.brokers': 1 });
cluster.connect({}, (_error, metadata) => {
    const brokers = metadata.brokers.map(({ host, port }) => `${host}:${port}`).join(',');
    process.send?.({ brokers });
});
// Asking for a topic by name is what creates it: the mock cluster knows no CreateTopics.
process.on('message', ({ topic }) => {
    cluster.getMetadata({ topic, allTopics: false, timeout: 10_000 }, (error) => {
        process.send?.({ topic, error: error?.message });
    });
});
process.on('disconnect', () => process.exit());
//# sourceMappingURL=mock-kafka-process.js.map