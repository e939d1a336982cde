import { join } from 'node:path';
import t from 'tap';
import { eventLogConformance } from "../event-log-conformance.js";
import { newLog } from "./support.js";
const root = t.testdir();
await eventLogConformance(t, 'the embedded event log', {
    open: ({ space, partitions }) => Promise.resolve(newLog({ dataDirectory: join(root, space), partitions })),
    severalMembers: false,
    jobs: 1,
});
//# sourceMappingURL=embedded-conformance.test.js.map