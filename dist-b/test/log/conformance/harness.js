/** As many as librdkafka's mock cluster gives a topic. */
export const PARTITIONS = 4;
//# sourceMappingURL=harness.js.map