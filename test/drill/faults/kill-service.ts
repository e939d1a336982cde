import type { Member } from '../member.ts';
import { pause } from '../pause.ts';
import type { Fault } from './fault.ts';

/** kill -9, and a start on the same data. */
export function killService(members: ReadonlyMap<string, Member>): Fault {
  return {
    kind: 'kill',
    async inject({ victim, durationMs }, signal) {
      const member = members.get(victim);
      await member?.kill();
      await pause(durationMs, signal);
      await member?.start();
    },
  };
}
