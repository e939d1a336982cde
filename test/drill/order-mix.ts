import type { RequestableStatus } from '../../src/order/lifecycle.ts';
import type { Behaviour } from './merchants.ts';
import { Random } from './random.ts';

/** A transition that is requested, so many ms after the step before it was acknowledged. */
export interface Step {
  to: RequestableStatus;
  afterMs: number;
}

export interface OrderPlan {
  /** counts from 0; the order carries it in its metadata */
  number: number;
  behaviour: Behaviour;
  /** sent with an idempotency key, and again when the answer breaks */
  isKeyed: boolean;
  /** sent once more, to another replica where there is one, although it was acknowledged */
  isRepeated: boolean;
  steps: Step[];
}

export const MIXES = ['all', 'healthy'] as const;

export type Mix = (typeof MIXES)[number];

const HEALTHY: Behaviour = { kind: 'healthy' };

/** The orders of a drill one after the other: the n-th is a function of the seed and the mix. */
export function createOrderMix(seed: number, mix: Mix): () => OrderPlan {
  const random = new Random(seed ^ 0x0bde_0bde);
  let number = 0;
  return () => {
    const behaviour = mix === 'healthy' ? HEALTHY : drawBehaviour(random);
    const isKeyed = random.chance(25);
    const isRepeated = isKeyed && random.chance(30);
    return { number: number++, behaviour, isKeyed, isRepeated, steps: drawSteps(random) };
  };
}

function drawBehaviour(random: Random): Behaviour {
  const draw = random.integer(1, 100);
  if (draw <= 70) return HEALTHY;
  if (draw <= 77) return { kind: 'rejected' };
  if (draw <= 80) return { kind: 'poison' };
  if (draw <= 94) return { kind: 'transient', healedAfterMs: random.pick([300, 1_000, 3_000, 6_000]) };
  if (draw <= 97) return { kind: 'hopeless' };
  return { kind: 'slow', workMs: random.pick([50, 200, 500]) };
}

const LIFE: RequestableStatus[] = ['preparing', 'dispatched', 'delivered'];

function drawSteps(random: Random): Step[] {
  const draw = random.integer(1, 100);
  const pause = (): number => random.integer(50, 1_500);
  if (draw <= 60) return [];
  if (draw <= 68) return [{ to: 'cancelled', afterMs: 0 }];
  if (draw <= 74) return [{ to: 'cancelled', afterMs: pause() }];
  if (draw <= 88) return LIFE.map((to) => ({ to, afterMs: 0 }));
  if (draw <= 94) return LIFE.map((to) => ({ to, afterMs: pause() }));
  return [
    { to: 'preparing', afterMs: 0 },
    { to: 'cancelled', afterMs: pause() },
  ];
}
