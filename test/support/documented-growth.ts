import { execFile } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Test } from 'tap';
import { codeBlocks, readDocument } from '../docs/markdown.ts';
import { temporaryFolder } from './temporary-folder.ts';

const run = promisify(execFile);

const DEADLINE_MS = 60_000;

/**
 * Adds partitions to a topic: runs the block of docs/deployment.md for this topic as it is typed there.
 *
 * @param environment from `kafkaEnvironment`
 * @returns the partitions that the topic had, and those that it has according to the document
 * @throws Error with the output of the command that failed
 */
export async function growAsDocumented(
  t: Test,
  topic: 'orders.commands' | 'orders.status',
  environment: Record<string, string>,
): Promise<{ before: number; after: number }> {
  const blocks = codeBlocks(readDocument('docs/deployment.md'), 'sh');
  const [block, ...others] = blocks.filter(({ marker, code }) => marker === 'topics' && code.includes(topic));
  if (block === undefined || others.length > 0) {
    throw new Error(`docs/deployment.md needs one block "run: topics" for ${topic}.`);
  }
  const folder = await temporaryFolder(t);
  const standIn = fileURLToPath(new URL('./docker-kafka-topics.js', import.meta.url));
  await writeFile(`${folder}/docker`, `#!/bin/sh\nexec '${process.execPath}' '${standIn}' "$@"\n`);
  await chmod(`${folder}/docker`, 0o755);
  const { stdout } = await run('bash', ['-e', '-c', block.code], {
    timeout: DEADLINE_MS,
    env: {
      ...process.env,
      PATH: `${folder}:${process.env.PATH ?? ''}`,
      TEST_BROKERS: environment.KAFKA_BROKERS,
      TEST_TOPIC_PREFIX: environment.KAFKA_TOPIC_PREFIX,
    },
  }).catch((error: unknown) => {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${block.place} failed:\n${stdout}${stderr}`, { cause: error });
  });
  const before = /PartitionCount: *(\d+)/.exec(stdout)?.[1];
  const after = /--alter .*--partitions (\d+)/.exec(block.code)?.[1];
  if (before === undefined || after === undefined)
    throw new Error(`${block.place} shows no partitions:\n${stdout}`);
  return { before: Number(before), after: Number(after) };
}
