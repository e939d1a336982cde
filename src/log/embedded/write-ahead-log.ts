import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';

/*
 * The format, https://sqlite.org/fileformat2.html#the_write_ahead_log: a header of 32 bytes, then frames, each a header of
 * 24 bytes and a page. A checksum covers everything before it.
 */
const HEADER_BYTES = 32;
const HEADER_CHECKED_BYTES = 24;
const FRAME_HEADER_BYTES = 24;
const FRAME_CHECKED_BYTES = 8;

/**
 * Writes a write-ahead log again, byte for byte, and syncs it. After a failed sync the kernel may have dropped what it
 * could not write, and may call the next sync a success all the same; bytes that are written again are synced again.
 * Nothing else may use the file meanwhile.
 * @throws Error when not even the frames that were committed can be read back
 */
export function rewriteWriteAheadLog(path: string, committedFrames: number): void {
  const bytes = readFileSync(path);
  const intact = intactFrames(bytes, committedFrames);
  if (intact < committedFrames) {
    throw new Error(
      `the disk has lost ${committedFrames - intact} of ${committedFrames} pages that it had confirmed; replace the disk and restore a backup`,
    );
  }
  const file = openSync(path, 'r+');
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at, bytes.length - at, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** How many of the first `limit` frames have a valid checksum. */
function intactFrames(bytes: Buffer, limit: number): number {
  if (bytes.length < HEADER_BYTES) return 0;
  const isBigEndian = (bytes.readUInt32BE(0) & 1) === 1;
  const readWord = (at: number) => (isBigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at));
  let [one, two] = [0, 0];
  const add = (from: number, count: number) => {
    for (let at = from; at < from + count; at += 8) {
      one = (one + readWord(at) + two) >>> 0;
      two = (two + readWord(at + 4) + one) >>> 0;
    }
  };
  const matches = (at: number) => bytes.readUInt32BE(at) === one && bytes.readUInt32BE(at + 4) === two;
  add(0, HEADER_CHECKED_BYTES);
  if (!matches(HEADER_CHECKED_BYTES)) return 0;
  const pageBytes = bytes.readUInt32BE(8);
  for (let frame = 0; frame < limit; frame++) {
    const at = HEADER_BYTES + frame * (FRAME_HEADER_BYTES + pageBytes);
    const end = at + FRAME_HEADER_BYTES + pageBytes;
    if (end > bytes.length || bytes.compare(bytes, 16, 24, at + 8, at + 16) !== 0) return frame;
    add(at, FRAME_CHECKED_BYTES);
    add(at + FRAME_HEADER_BYTES, pageBytes);
    if (!matches(at + 16)) return frame;
  }
  return limit;
}
