import { TOPICS } from "../../../src/log/event-log.js";
import { eventually } from "../../support/eventually.js";
import { PARTITIONS } from "./harness.js";
import { ARRIVAL_MS } from "./reader.js";
import { allArrived, appendNumbered, freshSpace, keys, numbersByKey, openLog, openReader, } from "./traffic.js";
/** What is read again after a rebalance is dropped, as the store's progress would do. */
function firstReadings(records) {
    const next = new Map();
    return records.filter(({ partition, offset }) => {
        if (offset < (next.get(partition) ?? 0))
            return false;
        next.set(partition, offset + 1);
        return true;
    });
}
export const sharingTests = {
    'members join and leave under traffic: nothing is lost, every key keeps its order': async (t, harness) => {
        const space = freshSpace();
        const seen = [];
        const see = { commits: true, onRecords: (records) => void seen.push(...records) };
        const stays = await openReader(t, await openLog(t, harness, space), TOPICS.commands, see);
        await stays.allAssigned();
        const producer = await openLog(t, harness, space);
        const traffic = new AbortController();
        const appending = appendUntil(traffic.signal, (first) => {
            return appendNumbered(producer, TOPICS.commands, keys(40), 40, first);
        });
        const joins = await openReader(t, await openLog(t, harness, space), TOPICS.commands, see);
        await joins.reached(() => joins.records.length > 200, 'records of the member that joined');
        t.equal(stays.assigned.size + joins.assigned.size, PARTITIONS, 'every partition has one reader');
        t.ok(stays.assigned.size > 0 && joins.assigned.size > 0, 'both have work');
        await joins.consumer.stop();
        await stays.allAssigned();
        traffic.abort();
        const appended = await appending;
        const whole = () => firstReadings(seen).length >= appended.length;
        await eventually(whole, { what: `${appended.length} records`, timeoutMs: ARRIVAL_MS });
        const records = firstReadings(seen);
        allArrived(t, records, appended);
        for (const [key, numbers] of numbersByKey(records)) {
            t.same(numbers, numbers.toSorted((a, b) => a - b), `${key} in order`);
        }
        t.comment(`${appended.length} records, ${seen.length - records.length} read twice`);
    },
    'followers in several processes all see everything': async (t, harness) => {
        const space = freshSpace();
        const logs = [await openLog(t, harness, space), await openLog(t, harness, space)];
        const counts = logs.map(() => 0);
        for (const [index, log] of logs.entries()) {
            const count = (records) => void (counts[index] = (counts[index] ?? 0) + records.length);
            const follower = await log.follow(TOPICS.status, count);
            t.teardown(() => follower.stop());
        }
        for (const log of logs)
            await appendNumbered(log, TOPICS.status, keys(10), 100);
        await eventually(() => counts.every((count) => count >= 200), {
            what: 'all records',
            timeoutMs: ARRIVAL_MS,
        });
        t.same(counts, [200, 200]);
    },
};
async function appendUntil(signal, append) {
    const appended = [];
    while (!signal.aborted)
        appended.push(...(await append(appended.length)));
    return appended;
}
//# sourceMappingURL=sharing.js.map