import { orders } from "./0001-orders.js";
/** In the order in which they are applied. One that has been released is never changed: add the next. */
export const SQLITE_MIGRATIONS = [
    { name: '0001-orders', sql: orders },
];
//# sourceMappingURL=index.js.map