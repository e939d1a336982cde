import { appendingTests } from "./conformance/appending.js";
import { committingTests } from "./conformance/committing.js";
import { consumingTests } from "./conformance/consuming.js";
import { followingTests } from "./conformance/following.js";
import { pausingTests } from "./conformance/pausing.js";
import { sharingTests } from "./conformance/sharing.js";
/** What every event log must do, whatever it is made of. */
export async function eventLogConformance(t, name, harness) {
    await t.test(name, async (t) => {
        t.jobs = harness.jobs;
        const tests = {
            ...appendingTests,
            ...consumingTests,
            ...committingTests,
            ...pausingTests,
            ...followingTests,
            ...(harness.severalMembers ? sharingTests : {}),
        };
        await Promise.all(Object.entries(tests).map(([sentence, run]) => {
            return t.test(sentence, { buffered: harness.jobs > 1 }, (t) => run(t, harness));
        }));
    });
}
//# sourceMappingURL=event-log-conformance.js.map