import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { TallyReport } from './tally.ts';

export interface AttackerOrders {
  attack: string;
  url: string;
  grpcAddress: string;
  hidesRoutes: boolean;
  seconds: number;
}

/** What an attacker tells its parent, in this order. */
export interface AttackerMessages {
  prepared: true;
  report: TallyReport;
}

/** An attack that is prepared and has not begun. */
export interface PreparedAttack {
  /** Resolves when it is over. @throws Error when it ends without a report, or not in time */
  run(): Promise<TallyReport>;
  /** Has no effect on one that is over. */
  kill(): void;
}

export type PrepareAttack = (orders: AttackerOrders) => Promise<PreparedAttack>;

const PROGRAM = fileURLToPath(new URL('./attacker.js', import.meta.url));

/** Time after the attack's own to clean up and report. */
const GRACE_MS = 20_000;

/**
 * Prepares an attack in a process of its own, so that it does not slow down the honest client.
 * @throws Error when it cannot be prepared
 */
export const prepareAttacker: PrepareAttack = async (orders) => {
  const child = fork(PROGRAM, [JSON.stringify(orders)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const ended = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('close', (code) =>
      reject(new Error(`The attack ${orders.attack} ended without a report (exit code ${code ?? 'none'}).`)),
    );
  });
  // Once it has reported, its end is no error.
  ended.catch(() => undefined);
  const message = <Key extends keyof AttackerMessages>(key: Key) =>
    Promise.race([
      ended,
      new Promise<AttackerMessages[Key]>((resolve) => {
        child.on('message', (said: Partial<AttackerMessages>) => {
          if (said[key] !== undefined) resolve(said[key]);
        });
      }),
    ]);
  await message('prepared');
  return {
    run: async () => {
      const timer = setTimeout(() => child.kill('SIGKILL'), orders.seconds * 1_000 + GRACE_MS);
      child.send('begin');
      return message('report').finally(() => clearTimeout(timer));
    },
    kill: () => child.kill('SIGKILL'),
  };
};
