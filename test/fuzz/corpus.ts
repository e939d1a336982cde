import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** This file runs as dist/test/fuzz/corpus.js of the package. */
const FOLDER = join(import.meta.dirname, '../../../test/fuzz/corpus');

export interface Input {
  file: string;
  bytes: Buffer;
}

/** The committed inputs of a target. */
export function readCorpus(target: string): Input[] {
  const folder = join(FOLDER, target);
  return readdirSync(folder).map((name) => {
    const file = join(folder, name);
    return { file, bytes: readFileSync(file) };
  });
}

/** @returns the file, named by the hash of its bytes */
export function addToCorpus(target: string, kind: 'crash' | 'slow' | 'reached', bytes: Buffer): string {
  const folder = join(FOLDER, target);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${kind}-${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}`);
  writeFileSync(file, bytes);
  return file;
}
