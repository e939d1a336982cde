import { systemClock } from "../base/clock.js";
import { createIntake } from "../intake/intake.js";
import { TOPICS } from "../log/event-log.js";
/** The half of the service that takes requests: the intake, and the feed that tells it what became of the orders. */
export async function startApi({ config, lifecycle, log, reader, codec, hub }) {
    if (config.eventLog === 'kafka') {
        const feed = await log.follow(TOPICS.status, (records) => hub.publish(records));
        lifecycle.opened('status feed', () => feed.stop());
    }
    return createIntake({ log, reader, hub, codec, clock: systemClock });
}
//# sourceMappingURL=api.js.map