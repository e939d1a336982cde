/** All or nothing in the log, once and in order: what an acknowledgement promises rests on these settings. */
export function producerSettings(options) {
    const settings = {
        ...common(options),
        dr_cb: true,
        'enable.idempotence': true,
        'linger.ms': LINGER_MS,
        'queue.buffering.max.messages': options.maxPendingRecords,
        'queue.buffering.max.kbytes': Math.ceil(options.maxPendingBytes / 1024),
    };
    return Object.assign(settings, options.clientSettings);
}
/** What librdkafka wants to hear topic by topic; in the settings above it would be ignored. */
export function producerTopicSettings({ ackTimeoutMs }) {
    return {
        acks: -1,
        // Java's default: a key goes to the same partition whoever produces it.
        partitioner: 'murmur2_random',
        'message.timeout.ms': ackTimeoutMs,
    };
}
/** Offsets are stored after the work and committed by librdkafka in the background, at revocations and at the close. */
export function groupSettings(options) {
    const settings = {
        ...reading(options),
        'partition.assignment.strategy': 'cooperative-sticky',
        'enable.auto.commit': true,
        'auto.commit.interval.ms': 1000,
        'session.timeout.ms': 15_000,
    };
    return Object.assign(settings, options.clientSettings);
}
/** Has the group's id because the API asks for one, and rights may hang on it; it never joins nor commits. */
export function followerSettings(options) {
    const settings = { ...reading(options), 'enable.auto.commit': false };
    return Object.assign(settings, options.clientSettings);
}
export function adminSettings(options) {
    return Object.assign(common(options), options.clientSettings);
}
function common({ brokers }) {
    return {
        'client.id': 'order-system',
        'bootstrap.servers': brokers,
        'socket.keepalive.enable': true,
        'reconnect.backoff.max.ms': 2000,
    };
}
function reading(options) {
    return {
        ...common(options),
        'group.id': options.groupId,
        'enable.auto.offset.store': false,
        'queued.min.messages': 2000,
        'queued.max.messages.kbytes': 16_384,
        // A partition that is resumed is fetched once the fetch without it, which waits this long for records, has ended.
        'fetch.wait.max.ms': 100,
        // The default pauses the fetching for a second whenever as much is queued as wanted.
        'fetch.queue.backoff.ms': 20,
    };
}
const LINGER_MS = 2;
export function connectTimeout({ connectTimeoutMs = 10_000 }) {
    return connectTimeoutMs;
}
/** Well below max.poll.interval.ms, after which the group would not wait any longer. */
export function revokeTimeout({ revokeTimeoutMs = 10_000 }) {
    return revokeTimeoutMs;
}
/** Where reading begins when the offset asked for is not there. */
export const consumerTopicSettings = { 'auto.offset.reset': 'earliest' };
//# sourceMappingURL=client-settings.js.map