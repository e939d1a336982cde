import t from 'tap';
import { PublishQueue } from '../../src/pipeline/publish-queue.ts';

await t.test('one work at a time, in order, and whoever begins is held by the one before only', async (t) => {
  const publishQueue = new PublishQueue();
  const told: string[] = [];
  const finish: (() => void)[] = [];
  const work = (name: string) => async () => {
    told.push(`${name} began`);
    await new Promise<void>((resolve) => finish.push(resolve));
    told.push(`${name} ended`);
  };
  await publishQueue.begin(work('first'));
  const second = publishQueue.begin(work('second')).then(() => told.push('the lane goes on'));
  await new Promise((resolve) => setImmediate(resolve));
  t.same(told, ['first began']);
  finish[0]?.();
  await second;
  t.same(told, ['first began', 'first ended', 'second began', 'the lane goes on']);
  finish[1]?.();
  await publishQueue.done();
  t.equal(told.at(-1), 'second ended');
});

await t.test('after a work that failed nothing begins', async (t) => {
  const publishQueue = new PublishQueue();
  await publishQueue.begin(() => Promise.reject(new Error('stopped')));
  let begun = false;
  await t.rejects(
    publishQueue.begin(() => {
      begun = true;
      return Promise.resolve();
    }),
    { message: 'stopped' },
  );
  t.notOk(begun);
  await t.rejects(publishQueue.done(), { message: 'stopped' });
});
