import type { Broker } from '../broker.ts';
import { pause } from '../pause.ts';
import type { Fault } from './fault.ts';

export function killBroker(broker: Broker): Fault {
  return {
    kind: 'kill-broker',
    async inject({ durationMs }, signal) {
      await broker.kill();
      await pause(durationMs, signal);
      if (!signal.aborted) await broker.startAgain(signal);
    },
  };
}
