import type { Test } from 'tap';
import { appendingTests } from './conformance/appending.ts';
import { carryingTests } from './conformance/carrying.ts';
import { committingTests } from './conformance/committing.ts';
import { consumingTests } from './conformance/consuming.ts';
import { followingTests } from './conformance/following.ts';
import type { EventLogHarness } from './conformance/harness.ts';
import { pausingTests } from './conformance/pausing.ts';
import { sharingTests } from './conformance/sharing.ts';

/** What every implementation of an event log must do. */
export async function eventLogConformance(t: Test, name: string, harness: EventLogHarness): Promise<void> {
  await t.test(name, async (t) => {
    t.jobs = harness.jobs;
    const tests = {
      ...appendingTests,
      ...carryingTests,
      ...consumingTests,
      ...committingTests,
      ...pausingTests,
      ...followingTests,
      ...(harness.severalMembers ? sharingTests : {}),
    };
    await Promise.all(
      Object.entries(tests).map(([sentence, run]) => {
        return t.test(sentence, { buffered: harness.jobs > 1 }, (t) => run(t, harness));
      }),
    );
  });
}
