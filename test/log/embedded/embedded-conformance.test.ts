import { join } from 'node:path';
import t from 'tap';
import { eventLogConformance } from '../event-log-conformance.ts';
import { newLog } from './support.ts';

const root = t.testdir();

await eventLogConformance(t, 'the embedded event log', {
  open: ({ space, partitions }) => Promise.resolve(newLog({ dataDirectory: join(root, space), partitions })),
  severalMembers: false,
  jobs: 1,
});
