import { createMetrics } from "../base/metrics.js";
import { createEventCodec } from "../order/events.js";
import { StatusHub } from "../status/status-hub.js";
import { migrate } from "../store/migrate.js";
import { openReader } from "../store/open-store.js";
import { createEventLog } from "./event-log.js";
/** One request that waits is one watcher; more than there are connections can never be of use. */
const MAX_WATCHERS = 20_000;
export async function startShared(config, logger, lifecycle) {
    await migrate(config.database, logger);
    const reader = await openReader(config.database);
    lifecycle.opened('store', () => reader.close());
    const log = await lifecycle.start('event log', createEventLog(config, logger));
    const codec = createEventCodec();
    const hub = new StatusHub({ codec, maxWatchers: MAX_WATCHERS, logger });
    return { config, logger, metrics: createMetrics(), lifecycle, log, reader, codec, hub };
}
//# sourceMappingURL=shared.js.map