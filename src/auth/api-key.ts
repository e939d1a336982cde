import { hash, randomInt, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

const PREFIX = 'osk_';
const ID_LENGTH = 12;

/** 131 random bits */
const SECRET_LENGTH = 22;

/** 62^6 is more than the 2^32 checksums. */
const CHECKSUM_LENGTH = 6;

const KEY = new RegExp(
  `^(${PREFIX}([0-9A-Za-z]{${ID_LENGTH}})_([0-9A-Za-z]{${SECRET_LENGTH}}))_([0-9A-Za-z]{${CHECKSUM_LENGTH}})$`,
);

export interface ApiKeyParts {
  /** public: it is stored, listed and logged */
  id: string;
  secret: string;
}

/** `osk_`, id, secret and checksum. The prefix lets scanners find leaked keys, the checksum lets them and us see typos. */
export function formatApiKey({ id, secret }: ApiKeyParts): string {
  const body = `${PREFIX}${id}_${secret}`;
  return `${body}_${checksumOf(body)}`;
}

export function newApiKey(): ApiKeyParts {
  return { id: randomText(ID_LENGTH), secret: randomText(SECRET_LENGTH) };
}

/** Whether credentials are meant as an API key. No JWT begins like one: it begins with an encoded brace (`ey`). */
export function looksLikeApiKey(credentials: string): boolean {
  return credentials.startsWith(PREFIX);
}

/** @returns undefined if the text is no key, or is not as it was when it was made */
export function parseApiKey(text: string): ApiKeyParts | undefined {
  const [, body = '', id = '', secret = '', checksum] = KEY.exec(text) ?? [];
  return checksum !== undefined && checksum === checksumOf(body) ? { id, secret } : undefined;
}

/** What is stored of a secret. It has 131 random bits, so it needs no slow hash against guessing. */
export function hashOfSecret(secret: string): string {
  return hash('sha256', secret, 'hex');
}

/** Takes as long for a wrong secret as for the right one. @param storedHash as `hashOfSecret` returns it */
export function matchesHash(secret: string, storedHash: string): boolean {
  const [given, stored] = [Buffer.from(hashOfSecret(secret)), Buffer.from(storedHash)];
  return given.length === stored.length && timingSafeEqual(given, stored);
}

function checksumOf(body: string): string {
  let rest = crc32(body);
  let text = '';
  for (let count = 0; count < CHECKSUM_LENGTH; count++) {
    text = (ALPHABET[rest % 62] ?? '') + text;
    rest = Math.floor(rest / 62);
  }
  return text;
}

function randomText(length: number): string {
  return Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)] ?? '').join('');
}
