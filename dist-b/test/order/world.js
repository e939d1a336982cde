import { decide } from "../../src/order/decide.js";
/** The least a store has to be: states and progress in memory, to fold decisions into. */
export class World {
    orders = new Map();
    progress = new Map();
    take(commands, now = 1000) {
        const decision = decide(this.orders, this.progress, commands, now);
        for (const { state } of [...decision.placed, ...decision.moved])
            this.orders.set(state.id, state);
        for (const { position } of commands) {
            const next = Math.max(this.progress.get(position.partition) ?? 0, position.offset + 1);
            this.progress.set(position.partition, next);
        }
        return decision;
    }
}
//# sourceMappingURL=world.js.map