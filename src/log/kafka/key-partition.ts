/**
 * The partition of a key: that which Kafka's Java client and librdkafka's `murmur2_random` choose.
 * @param partitions how many partitions the key selects from
 */
export function keyPartition(key: Uint8Array, partitions: number): number {
  return (murmur2(key) & 0x7f_ff_ff_ff) % partitions;
}

const SEED = 0x97_47_b2_8c;
const MULTIPLIER = 0x5b_d1_e9_95;
const SHIFT = 24;

/** MurmurHash2, 32 bits, by Austin Appleby, with the seed of Kafka's clients. */
function murmur2(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tailAt = bytes.length & ~3;
  let hash = SEED ^ bytes.length;
  for (let at = 0; at < tailAt; at += 4) {
    let word = Math.imul(view.getInt32(at, true), MULTIPLIER);
    word = Math.imul(word ^ (word >>> SHIFT), MULTIPLIER);
    hash = Math.imul(hash, MULTIPLIER) ^ word;
  }
  if (tailAt < bytes.length) {
    for (let at = bytes.length - 1; at >= tailAt; at -= 1) hash ^= view.getUint8(at) << (8 * (at - tailAt));
    hash = Math.imul(hash, MULTIPLIER);
  }
  hash = Math.imul(hash ^ (hash >>> 13), MULTIPLIER);
  return hash ^ (hash >>> 15);
}
