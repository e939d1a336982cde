import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { StoreTarget } from '../../src/store/target.ts';

/** Four processes migrate the store at the same time. Returns the names that they applied, sorted, and their failures. */
export async function migrateAtOnce(target: StoreTarget): Promise<{ applied: string[]; failed: string[] }> {
  const script = new URL('./fixtures/migrate-process.js', import.meta.url);
  const children = Array.from({ length: 4 }, () => fork(script, [JSON.stringify(target)]));
  await Promise.all(children.map((child) => once(child, 'message')));
  const answers = await Promise.all(
    children.map(async (child) => {
      const answer = once(child, 'message') as Promise<[{ applied?: string[]; failed?: string }]>;
      const exited = once(child, 'exit');
      child.send('go');
      const [message] = await answer;
      await exited;
      return message;
    }),
  );
  return {
    // The processes may take turns, so the order of their answers is not that of the migrations.
    applied: answers.flatMap(({ applied }) => applied ?? []).sort(),
    failed: answers.flatMap(({ failed }) => failed ?? []),
  };
}
