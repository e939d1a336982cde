import type { PostgresServer } from '../../../tools/support/postgres.ts';
import { pause } from '../pause.ts';
import type { Fault } from './fault.ts';

/** SIGKILL to the database server, and a start that recovers what it had committed. */
export function killStore(server: PostgresServer): Fault {
  return {
    kind: 'kill-store',
    async inject({ durationMs }, signal) {
      await server.kill();
      await pause(durationMs, signal);
      await server.bringUp();
    },
  };
}
