import { AcknowledgedOrders } from "./acknowledged-orders.js";
import { OrderAwaiting } from "./await-order.js";
import { OrderPlacing } from "./place-order.js";
import { OrderReading } from "./read-order.js";
import { TransitionRequesting } from "./request-transition.js";
/** Orders kept in mind for readers without a position, and for repeated keys; a power of two. */
const MAX_ACKNOWLEDGED_ORDERS = 65_536;
export function createIntake(dependencies) {
    const { log, reader, hub, codec, clock } = dependencies;
    const acknowledged = new AcknowledgedOrders(MAX_ACKNOWLEDGED_ORDERS);
    const reading = new OrderReading({ reader, log, acknowledged });
    return {
        placing: new OrderPlacing({ log, reader, hub, codec, acknowledged, clock }),
        reading,
        transitions: new TransitionRequesting({ log, reading, codec, clock }),
        awaiting: new OrderAwaiting({ hub, reader }),
        reader,
    };
}
//# sourceMappingURL=intake.js.map