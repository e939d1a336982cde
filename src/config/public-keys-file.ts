import { readFileSync } from 'node:fs';
import { toError } from '../base/errors.ts';

/** The members of private and symmetric keys, RFC 7518. Every reader of the file could sign with them. */
const SECRET_PARTS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'oth'];

/** Reads a file with public keys (JWKS). @returns its text, or why it cannot be used */
export function readPublicKeys(path: string): { text: string } | { problem: string } {
  try {
    const text = readFileSync(path, 'utf8');
    const keys = keysOf(JSON.parse(text));
    if (keys.length === 0) return { problem: 'has no keys: give a JSON file such as {"keys":[…]}' };
    if (keys.some((key) => SECRET_PARTS.some((part) => part in key))) {
      return { problem: 'contains a private key: give a file with public keys only' };
    }
    return { text };
  } catch (error) {
    return {
      problem: `cannot be read as JSON (${toError(error).name}): give a JSON file such as {"keys":[…]}`,
    };
  }
}

function keysOf(content: unknown): object[] {
  if (typeof content !== 'object' || content === null || !('keys' in content)) return [];
  const keys: unknown[] = Array.isArray(content.keys) ? content.keys : [];
  return keys.filter((key) => typeof key === 'object' && key !== null);
}
