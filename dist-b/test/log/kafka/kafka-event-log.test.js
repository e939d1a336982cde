import t from 'tap';
import { MockKafka } from "../../support/mock-kafka.js";
import { eventLogConformance } from "../event-log-conformance.js";
import { mockKafkaHarness } from "./harness.js";
const mock = await MockKafka.start();
t.teardown(() => mock.stop());
await eventLogConformance(t, "the Kafka event log, on librdkafka's mock cluster", mockKafkaHarness(mock));
//# sourceMappingURL=kafka-event-log.test.js.map