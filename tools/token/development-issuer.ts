import { existsSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT, type JWK } from 'jose';
import { makeFolder } from '../../src/base/make-folder.ts';
import { makePrivate } from '../../src/base/private-file.ts';

/** Not an address: its keys come from a file. */
export const ISSUER = 'order-system-development';
export const AUDIENCE = 'order-system';

const ALGORITHM = 'ES256';

export interface TokenRequest {
  subject: string;
  scopes: readonly string[];
  customerId: string | undefined;
  merchantId: string | undefined;
  expiresInMs: number;
}

/** An issuer for development: its key pair is in a private folder of this machine, made at its first use. */
export class DevelopmentIssuer {
  /** the public keys, for AUTH_JWKS_FILE */
  readonly keysPath: string;
  readonly #privateKey: JWK;

  private constructor(keysPath: string, privateKey: JWK) {
    this.keysPath = keysPath;
    this.#privateKey = privateKey;
  }

  /** @throws the error of the file system, SyntaxError if the private key was damaged */
  static async open(folder: string): Promise<DevelopmentIssuer> {
    makeFolder(folder);
    const privateKey = await privateKeyIn(join(folder, 'private.json'));
    const keysPath = join(folder, 'jwks.json');
    publish(keysPath, privateKey);
    return new DevelopmentIssuer(keysPath, privateKey);
  }

  token({ subject, scopes, customerId, merchantId, expiresInMs }: TokenRequest): Promise<string> {
    const claims = { scope: scopes.join(' '), customer_id: customerId, merchant_id: merchantId };
    return new SignJWT(claims)
      .setProtectedHeader({ alg: ALGORITHM, typ: 'at+jwt', kid: this.#privateKey.kid })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setSubject(subject)
      .setIssuedAt()
      .setExpirationTime(new Date(Date.now() + expiresInMs))
      .sign(this.#privateKey);
  }
}

/** Of processes that come at the same time, the first one makes the key. */
async function privateKeyIn(path: string): Promise<JWK> {
  if (!existsSync(path)) {
    const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
    const made = await exportJWK(privateKey);
    linkNew(path, JSON.stringify({ ...made, kid: await calculateJwkThumbprint(made), alg: ALGORITHM }));
  }
  makePrivate(path);
  return JSON.parse(readFileSync(path, 'utf8')) as JWK;
}

/** Creates a complete private file, unless it exists. */
function linkNew(path: string, text: string): void {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, text, { mode: 0o600 });
  try {
    linkSync(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(temporary);
  }
}

/** A service that reads the file meanwhile sees the old or the new content, never a part. */
function publish(path: string, { kty, crv, x, y, kid, alg }: JWK): void {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify({ keys: [{ kty, crv, x, y, kid, alg, use: 'sig' }] })}\n`);
  renameSync(temporary, path);
}
