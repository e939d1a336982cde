import type { Member } from '../member.ts';
import { pause } from '../pause.ts';
import type { Fault } from './fault.ts';

/** SIGSTOP: nothing is closed, nothing answers, and then it goes on as if no time had passed. */
export function freezeService(kind: 'freeze' | 'zombie', members: ReadonlyMap<string, Member>): Fault {
  return {
    kind,
    async inject({ victim, durationMs }, signal) {
      const member = members.get(victim);
      member?.freeze();
      try {
        await pause(durationMs, signal);
      } finally {
        member?.thaw();
      }
    },
  };
}
