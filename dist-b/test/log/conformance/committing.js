import { TOPICS } from "../../../src/log/event-log.js";
import { PARTITIONS } from "./harness.js";
import { ends } from "./reader.js";
import { allArrived, appendNumbered, freshSpace, keys, openLog, openReader, runsAreWhole, } from "./traffic.js";
/** 400 records, of which the group has committed ten a partition; the log was closed since. */
async function committedTen(t, harness) {
    const space = freshSpace();
    const log = await openLog(t, harness, space);
    await appendNumbered(log, TOPICS.commands, keys(100), 400);
    const reader = await openReader(t, log, TOPICS.commands);
    await reader.received(400);
    reader.consumer.commit(every(10));
    await reader.consumer.stop();
    await log.stop();
    return openLog(t, harness, space);
}
function every(offset) {
    return new Map(Array.from({ length: PARTITIONS }, (_, partition) => [partition, offset]));
}
async function firstOffsets(t, log, from) {
    const reader = await openReader(t, log, TOPICS.commands, { from });
    const partitions = [...every(0).keys()];
    const first = () => partitions.map((partition) => reader.offsetsOf(partition)[0]);
    await reader.reached(() => first().every((offset) => offset !== undefined), 'a record of every partition');
    runsAreWhole(t, reader.records);
    return { reader, first: first() };
}
export const committingTests = {
    'a consumer goes on where its group has committed': async (t, harness) => {
        const log = await committedTen(t, harness);
        const reader = await openReader(t, log, TOPICS.commands);
        await reader.received(400 - 10 * PARTITIONS);
        t.same(reader.committed, every(10));
        t.equal(reader.records.length, 400 - 10 * PARTITIONS);
        runsAreWhole(t, reader.records);
    },
    'onAssigned may go back, as a store does that stands behind the commits': async (t, harness) => {
        const { reader, first } = await firstOffsets(t, await committedTen(t, harness), () => every(3));
        t.same(reader.committed, every(10));
        t.same(first, [3, 3, 3, 3]);
    },
    'onAssigned may go forward, as a store does that stands ahead of the commits': async (t, harness) => {
        const { first } = await firstOffsets(t, await committedTen(t, harness), () => every(20));
        t.same(first, [20, 20, 20, 20]);
    },
    'onAssigned may start over at the earliest record': async (t, harness) => {
        const from = () => new Map([...every(0).keys()].map((partition) => [partition, 'earliest']));
        const { first } = await firstOffsets(t, await committedTen(t, harness), from);
        t.same(first, [0, 0, 0, 0]);
    },
    'an onAssigned that throws ends the consumer and says why': async (t, harness) => {
        const log = await openLog(t, harness);
        const fault = new Error('the store cannot tell');
        const from = () => {
            throw fault;
        };
        const reader = await openReader(t, log, TOPICS.commands, { from });
        await t.rejects(reader.allAssigned(), fault);
        await reader.consumer.stop();
        t.same(reader.failures, [fault]);
        t.same(reader.records, []);
    },
    'stopping under traffic and starting again leaves no gap': async (t, harness) => {
        const space = freshSpace();
        const log = await openLog(t, harness, space);
        const appending = (async () => {
            const appended = [];
            for (let first = 0; first < 4000; first += 100) {
                appended.push(...(await appendNumbered(log, TOPICS.commands, keys(40), 100, first)));
            }
            return appended;
        })();
        const before = await openReader(t, log, TOPICS.commands, { commits: true });
        await before.received(1000);
        await before.consumer.stop();
        const taken = before.records.length;
        const appended = await appending;
        const after = await openReader(t, log, TOPICS.commands, { commits: true });
        await after.received(4000 - taken);
        t.equal(before.records.length, taken);
        t.same([...after.committed].filter(([, offset]) => offset !== undefined), sorted(ends(before.records)));
        const records = [...before.records, ...after.records];
        runsAreWhole(t, records);
        allArrived(t, records, appended);
    },
};
function sorted(offsets) {
    return [...offsets].sort(([a], [b]) => a - b);
}
//# sourceMappingURL=committing.js.map