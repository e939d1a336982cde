import { ServiceError } from "../base/errors.js";
import { encodeTextFrame } from "../base/record-frame.js";
import { decide } from "../order/decide.js";
import { decodeBatch } from "./decode-batch.js";
/**
 * One batch from bytes to saved: decode → load → judge → decide → save. The answer has the status events to publish,
 * those of redelivered records included (their first publication may have been lost in a crash).
 * @throws ServiceError whatever loading, judging or saving throws: nothing of the batch is saved then
 */
export async function processBatch({ topic, frame: memory, applied }, { store, judge, codec, clock }) {
    const { frame, decoded, undecodable, nextOffsets } = decodeBatch(memory, codec, clock);
    const orderIds = [...new Set(decoded.map(({ command }) => command.orderId))];
    const present = await store.load(topic, [...nextOffsets.keys()], orderIds);
    refuseGap(topic, applied, present);
    const isFresh = ({ partition, offset }) => offset >= (present.progress.get(partition) ?? 0);
    const fresh = decoded.filter(({ position }) => isFresh(position));
    const redelivered = decoded.filter(({ position }) => !isFresh(position));
    const verdicts = await judge(newOrders(fresh, present));
    const commands = fresh.map((entry) => withVerdict(entry, verdicts));
    const decision = decide(present.orders, present.progress, commands, clock());
    const setAside = undecodable.filter(({ record }) => isFresh(record));
    setAside.push(...failedOrders(frame, fresh, verdicts, clock));
    if (fresh.length > 0 || setAside.length > 0) {
        const nextProgress = furthest(nextOffsets, present.progress);
        await store.save({ topic, decision, setAside, loadedProgress: present.progress, nextProgress });
    }
    const published = await store.changesCausedBy(redelivered.map(({ position, command }) => ({ orderId: command.orderId, position })));
    return {
        statuses: encodeStatuses([...published, ...decision.changes], codec),
        counts: {
            placed: decision.placed.length,
            moved: decision.moved.length,
            refused: decision.rejections.length,
            setAside: setAside.length,
            redelivered: redelivered.length,
        },
    };
}
/** The store was set back (a restored backup): going on would leave a hole that nobody sees. */
function refuseGap(topic, applied, present) {
    for (const [partition, next] of applied) {
        const stored = present.progress.get(partition) ?? 0;
        if (stored >= next)
            continue;
        throw new ServiceError('progress-gap', `${topic}/${partition} was applied up to offset ${next}, but the store now stands at ${stored}. ` +
            'Restart the service: it reads on from where the store stands.');
    }
}
/** What is to be judged: orders that the store has, and repeats within the batch, are not judged again. */
function newOrders(fresh, present) {
    const firsts = new Map();
    for (const { command } of fresh) {
        const isKnown = present.orders.has(command.orderId) || firsts.has(command.orderId);
        if (command.kind === 'place' && !isKnown)
            firsts.set(command.orderId, command);
    }
    return firsts.values();
}
function withVerdict({ position, command }, verdicts) {
    if (command.kind === 'transition')
        return { position, command };
    return { position, command, verdict: verdicts.get(command.orderId) ?? REPEATED };
}
/** The verdict of an order that is known already; `decide` keeps the first and never looks at it. */
const REPEATED = { status: 'confirmed', reason: null };
/** An order that the processor failed for good is kept with its record, so that it can be looked into. */
function failedOrders(frame, fresh, verdicts, clock) {
    const failed = new Map();
    for (const { index, command } of fresh) {
        const verdict = command.kind === 'place' ? verdicts.get(command.orderId) : undefined;
        if (verdict?.status !== 'failed' || failed.has(command.orderId))
            continue;
        failed.set(command.orderId, {
            record: frame.record(index),
            orderId: command.orderId,
            reason: 'processor-failed',
            error: verdict.reason ?? '',
            at: clock(),
        });
    }
    return [...failed.values()];
}
/** Progress never moves back, also when a part of the batch was applied before. */
function furthest(next, progress) {
    return new Map([...next].map(([partition, offset]) => [partition, Math.max(offset, progress.get(partition) ?? 0)]));
}
function encodeStatuses(changes, codec) {
    return encodeTextFrame(changes.map((change) => ({
        key: change.orderId,
        value: codec.encodeStatusChange(change),
        timestamp: change.at,
    })));
}
//# sourceMappingURL=process-batch.js.map