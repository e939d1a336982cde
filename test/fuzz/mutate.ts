import { randomInt } from 'node:crypto';

/** Bytes that parsers treat specially, and texts that reach deep into them. */
const TOKENS = [
  ...['{', '}', '[', ']', '"', ':', ',', '\\', '.', '-', '=', ';', '/', ' ', '\0', '\ufeff', '\\u0000'],
  ...[
    '0',
    '1',
    '9007199254740993',
    '-1',
    '1e999',
    'null',
    'true',
    '"orders":',
    '"__proto__":',
    '"constructor":',
  ],
  ...['[[[[[[[[', '{"a":', '\ud800', 'é', '\u{1f600}', '2026-02-30T24:00:60Z'],
].map((text) => Buffer.from(text));

const NUMBERS = [0, 1, 0x7f, 0x80, 0xff, 0x7fff_ffff, 0x8000_0000, 0x4000_0000, 0xffff_ffff];

type Mutation = (bytes: Buffer, other: Buffer) => Buffer;

const MUTATIONS: readonly Mutation[] = [
  (bytes) => replaced(bytes, at(bytes), 1, Buffer.of(randomInt(256))),
  (bytes) => replaced(bytes, at(bytes), 0, TOKENS[randomInt(TOKENS.length)] ?? bytes),
  (bytes) => replaced(bytes, at(bytes), 1 + randomInt(8), TOKENS[randomInt(TOKENS.length)] ?? bytes),
  (bytes) => replaced(bytes, at(bytes), 1 + randomInt(16), Buffer.alloc(0)),
  (bytes) => replaced(bytes, at(bytes), 4, number()),
  (bytes) => bytes.subarray(0, at(bytes)),
  (bytes) => replaced(bytes, at(bytes), 0, part(bytes)),
  (bytes) => replaced(bytes, at(bytes), 0, repeated(part(bytes), 2 ** randomInt(15))),
  (bytes, other) => replaced(bytes, at(bytes), randomInt(32), part(other)),
  (bytes, other) => Buffer.concat([bytes.subarray(0, at(bytes)), other.subarray(at(other))]),
];

/** Changes the bytes in one to four random places. @param other another input, to take parts from */
export function mutate(bytes: Buffer, other: Buffer, maxBytes: number): Buffer {
  let mutated = bytes;
  for (let times = 1 + randomInt(4); times > 0; times -= 1) {
    const mutation = MUTATIONS[randomInt(MUTATIONS.length)];
    if (mutation !== undefined) mutated = mutation(mutated, other).subarray(0, maxBytes);
  }
  return mutated;
}

function at(bytes: Buffer): number {
  return randomInt(bytes.length + 1);
}

function part(bytes: Buffer): Buffer {
  const from = at(bytes);
  return bytes.subarray(from, from + 1 + randomInt(64));
}

function repeated(bytes: Buffer, times: number): Buffer {
  return Buffer.alloc(bytes.length * times, bytes.length === 0 ? 0 : bytes);
}

function number(): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(NUMBERS[randomInt(NUMBERS.length)] ?? 0);
  return bytes;
}

function replaced(bytes: Buffer, from: number, length: number, by: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, from), by, bytes.subarray(from + length)]);
}
