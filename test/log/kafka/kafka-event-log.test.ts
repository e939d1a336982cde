import t from 'tap';
import { MockKafka } from '../../support/mock-kafka.ts';
import { eventLogConformance } from '../event-log-conformance.ts';
import { mockKafkaHarness } from './harness.ts';

const mock = await MockKafka.start();
t.teardown(() => mock.stop());

await eventLogConformance(t, "the Kafka event log, on librdkafka's mock cluster", mockKafkaHarness(mock));
