import fastJson from 'fast-json-stringify';
import { EVENT_TYPES } from "./event-types.js";
const SOURCE = '/order-system';
const text = { type: 'string' };
const integer = { type: 'integer' };
const PLACED_DATA = {
    type: 'object',
    properties: {
        customerId: text,
        merchantId: text,
        currency: text,
        items: {
            type: 'array',
            items: { type: 'object', properties: { sku: text, name: text, quantity: integer, unitPrice: integer } },
        },
        metadata: { type: 'object', additionalProperties: text },
        total: integer,
        fingerprint: text,
    },
};
const TRANSITION_DATA = {
    type: 'object',
    properties: { to: text, reason: text, expectedVersion: integer },
};
const STATUS_DATA = {
    type: 'object',
    properties: {
        customerId: text,
        merchantId: text,
        status: text,
        version: integer,
        reason: { type: ['string', 'null'] },
        cause: { type: 'object', properties: { partition: integer, offset: integer } },
    },
};
/** On the request path this is the only serialisation an order gets, so the serialisers are compiled for their shapes. */
export function createEventText() {
    const quoted = fastJson(text);
    const placed = fastJson(PLACED_DATA);
    const transition = fastJson(TRANSITION_DATA);
    const status = fastJson(STATUS_DATA);
    const timestamp = timestampText();
    const event = (type, id, subject, time, data, trace = '') => `{"specversion":"1.0","id":${quoted(id)},"source":"${SOURCE}","type":"${type}","subject":${quoted(subject)},` +
        `"time":"${timestamp(time)}",${trace}"datacontenttype":"application/json","data":${data}}`;
    return {
        ofCommand(command) {
            const { eventId, orderId, time, traceparent } = command;
            const trace = traceparent === undefined ? '' : `"traceparent":${quoted(traceparent)},`;
            if (command.kind === 'transition') {
                return event(EVENT_TYPES.transitionRequested, eventId, orderId, time, transition(command), trace);
            }
            const { order, fingerprint } = command;
            const data = placed(fingerprint === undefined ? order : { ...order, fingerprint });
            return event(EVENT_TYPES.placed, eventId, orderId, time, data, trace);
        },
        // The id is made of order and version: a change published twice is, as CloudEvents has it, the same event.
        ofStatusChange(change) {
            const { orderId, version, at } = change;
            return event(EVENT_TYPES.statusChanged, `${orderId}/${version}`, orderId, at, status(change));
        },
    };
}
/** RFC 3339 in UTC. Events come many a millisecond: the last text is kept. */
function timestampText() {
    let lastTime = Number.NaN;
    let lastText = '';
    return (time) => {
        if (time !== lastTime) {
            lastText = new Date(time).toISOString();
            lastTime = time;
        }
        return lastText;
    };
}
//# sourceMappingURL=event-text.js.map