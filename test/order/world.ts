import { decide, type DecidedCommand, type Decision, type OrderState } from '../../src/order/decide.ts';

/** A minimal store: states and progress in memory, to which decisions are applied. */
export class World {
  readonly orders = new Map<string, OrderState>();
  readonly progress = new Map<number, number>();

  take(commands: DecidedCommand[], now = 1000): Decision {
    const decision = decide(this.orders, this.progress, commands, now);
    for (const { state } of [...decision.placed, ...decision.moved]) this.orders.set(state.id, state);
    for (const { position } of commands) {
      const next = Math.max(this.progress.get(position.partition) ?? 0, position.offset + 1);
      this.progress.set(position.partition, next);
    }
    return decision;
  }
}
