import type { RequestableStatus } from '../../src/order/lifecycle.ts';
import type { Behaviour } from './behaviour.ts';
import { Random } from './random.ts';

export interface PlannedTransition {
  to: RequestableStatus;
  /** after the previous request was acknowledged */
  afterMs: number;
}

export interface PlannedOrder {
  /** counts from 0; the order carries it in its metadata */
  number: number;
  behaviour: Behaviour;
  /** sent with an idempotency key, and sent again after a failure */
  isKeyed: boolean;
  /** sent once more although it was acknowledged, to another replica if there is one */
  isRepeated: boolean;
  transitions: PlannedTransition[];
}

export const MIXES = ['all', 'healthy'] as const;

export type Mix = (typeof MIXES)[number];

const HEALTHY: Behaviour = { kind: 'healthy' };

/** The orders of a drill, one after the other; the seed and the mix alone decide them. */
export function createOrderMix(seed: number, mix: Mix): () => PlannedOrder {
  const random = new Random(seed ^ 0x0bde_0bde);
  let number = 0;
  return () => {
    const behaviour = mix === 'healthy' ? HEALTHY : drawBehaviour(random);
    const isKeyed = random.chance(25);
    const isRepeated = isKeyed && random.chance(30);
    return { number: number++, behaviour, isKeyed, isRepeated, transitions: drawTransitions(random) };
  };
}

function drawBehaviour(random: Random): Behaviour {
  const draw = random.integer(1, 100);
  if (draw <= 70) return HEALTHY;
  if (draw <= 77) return { kind: 'rejected' };
  if (draw <= 80) return { kind: 'poison' };
  if (draw <= 94) return { kind: 'transient', failsForMs: random.pick([300, 1_000, 3_000, 6_000]) };
  if (draw <= 97) return { kind: 'unavailable' };
  return { kind: 'slow', workMs: random.pick([50, 200, 500]) };
}

const DELIVERY: RequestableStatus[] = ['preparing', 'dispatched', 'delivered'];

function drawTransitions(random: Random): PlannedTransition[] {
  const draw = random.integer(1, 100);
  const pause = (): number => random.integer(50, 1_500);
  if (draw <= 60) return [];
  if (draw <= 68) return [{ to: 'cancelled', afterMs: 0 }];
  if (draw <= 74) return [{ to: 'cancelled', afterMs: pause() }];
  if (draw <= 88) return DELIVERY.map((to) => ({ to, afterMs: 0 }));
  if (draw <= 94) return DELIVERY.map((to) => ({ to, afterMs: pause() }));
  return [
    { to: 'preparing', afterMs: 0 },
    { to: 'cancelled', afterMs: pause() },
  ];
}
