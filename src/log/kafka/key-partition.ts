/**
 * The partition of a key: that which Kafka's Java client and librdkafka's `murmur2_random` choose.
 * @param partitions how many partitions the key selects from
 */
export function keyPartition(key: Uint8Array, partitions: number): number {
  return partitionOfHash(murmur2(key), partitions);
}

/** Attempts to draw a suffix, as a multiple of the partitions: of a million draws, none fails. */
const ATTEMPTS_PER_PARTITION = 16;
const SUFFIX_LENGTH = 4;
const SUFFIXES = 0x1_00_00;

/**
 * Replaces the last four hexadecimal digits of a key, so that it selects the wanted partition. The search starts at the digits
 * that the key has, so random digits stay unpredictable, but for the logarithm of the number of partitions. An attempt hashes
 * only these four digits.
 * @param key ASCII, of a length divisible by four, such as a UUID
 * @returns undefined if there is none among the digits tried, which happens only with thousands of partitions
 */
export function keyOfPartition(key: string, partition: number, partitions: number): string | undefined {
  const prefix = key.slice(0, -SUFFIX_LENGTH);
  const state = hashWords(prefix, key.length);
  const first = parseInt(key.slice(-SUFFIX_LENGTH), 16);
  const attempts = Math.min(SUFFIXES, partitions * ATTEMPTS_PER_PARTITION);
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const suffix = (first + attempt) % SUFFIXES;
    const word = hexadecimalDigit(suffix >>> 12) | (hexadecimalDigit(suffix >>> 8) << 8);
    const hash = mixWord(
      state,
      word | (hexadecimalDigit(suffix >>> 4) << 16) | (hexadecimalDigit(suffix) << 24),
    );
    if (partitionOfHash(finish(hash), partitions) !== partition) continue;
    return prefix + suffix.toString(16).padStart(SUFFIX_LENGTH, '0');
  }
  return undefined;
}

const SEED = 0x97_47_b2_8c;
const MULTIPLIER = 0x5b_d1_e9_95;
const SHIFT = 24;

function partitionOfHash(hash: number, partitions: number): number {
  return (hash & 0x7f_ff_ff_ff) % partitions;
}

/** MurmurHash2, 32 bits, by Austin Appleby, with the seed of Kafka's clients. */
function murmur2(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tailAt = bytes.length & ~3;
  let hash = SEED ^ bytes.length;
  for (let at = 0; at < tailAt; at += 4) hash = mixWord(hash, view.getInt32(at, true));
  if (tailAt < bytes.length) {
    for (let at = bytes.length - 1; at >= tailAt; at -= 1) hash ^= view.getUint8(at) << (8 * (at - tailAt));
    hash = Math.imul(hash, MULTIPLIER);
  }
  return finish(hash);
}

/** The state of the hash after an ASCII prefix of whole words, of a key of the given length. */
function hashWords(prefix: string, length: number): number {
  let hash = SEED ^ length;
  for (let at = 0; at < prefix.length; at += 4) {
    const low = prefix.charCodeAt(at) | (prefix.charCodeAt(at + 1) << 8);
    hash = mixWord(hash, low | (prefix.charCodeAt(at + 2) << 16) | (prefix.charCodeAt(at + 3) << 24));
  }
  return hash;
}

function mixWord(hash: number, word: number): number {
  let mixed = Math.imul(word, MULTIPLIER);
  mixed = Math.imul(mixed ^ (mixed >>> SHIFT), MULTIPLIER);
  return Math.imul(hash, MULTIPLIER) ^ mixed;
}

function finish(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 13), MULTIPLIER);
  return mixed ^ (mixed >>> 15);
}

const ZERO = 0x30;
const LETTERS_ABOVE_DIGITS = 0x27;

/** The ASCII code of the lowest four bits, in lower case. */
function hexadecimalDigit(bits: number): number {
  const digit = bits & 0xf;
  return digit < 10 ? ZERO + digit : ZERO + LETTERS_ABOVE_DIGITS + digit;
}
