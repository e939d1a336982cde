import { SqliteBatchStore } from "./sqlite/batch-store.js";
import { openReadOnly, openWriter, settled } from "./sqlite/connection.js";
import { SqliteOrderReader } from "./sqlite/reader.js";
/** For a thread that answers requests. @throws ServiceError `store-unavailable` */
export function openReader(target) {
    return settled(() => new SqliteOrderReader(openReadOnly(target.path)));
}
/** For a thread that writes; all of a process share one turn. @throws ServiceError `store-unavailable` */
export function openBatchStore(target, writeTurn) {
    return settled(() => new SqliteBatchStore(openWriter(target.path), writeTurn));
}
//# sourceMappingURL=open-store.js.map