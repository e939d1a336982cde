import type { Member } from '../member.ts';
import { pause } from '../pause.ts';
import type { Fault } from './fault.ts';

/** SIGTERM and its way down, as a deployment does it, and a start on the same data. */
export function restartService(members: ReadonlyMap<string, Member>): Fault {
  return {
    kind: 'restart',
    async inject({ victim, durationMs }, signal) {
      const member = members.get(victim);
      await member?.stop();
      await pause(durationMs, signal);
      await member?.start();
    },
  };
}
