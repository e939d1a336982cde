import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { generateKeyPair } from 'jose';
import { formatApiKey, hashOfSecret, newApiKey } from '../../src/auth/api-key.ts';
import { SCOPES } from '../../src/auth/scopes.ts';
import type { ApiKeyStore, StoredApiKey } from '../../src/store/api-key-store.ts';
import type { TokenIssuer } from '../support/token-issuer.ts';

export const ALL_SCOPES = SCOPES.join(' ');

/** Values of `authorization` that no operation may accept, by what is wrong with them; undefined: none is sent. */
export async function badCredentials(
  issuer: TokenIssuer,
  keys: ApiKeyStore,
): Promise<Record<string, string | undefined>> {
  const token = (options: Parameters<TokenIssuer['token']>[0] = {}) =>
    issuer.token({ ...options, claims: { scope: ALL_SCOPES, ...options.claims } });
  const now = Math.floor(Date.now() / 1000);
  const good = await token();
  const [header = '', payload = '', signature = ''] = good.split('.');
  const strange = await generateKeyPair('ES256');
  const [jwk] = issuer.keySet().keys;
  if (jwk === undefined) throw new Error('The issuer has no key.');
  const publicKey = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
  const pem = publicKey.export({ type: 'spki', format: 'pem' });
  return {
    'no credentials': undefined,
    'an empty header': '',
    'a token without the scheme': good,
    'the scheme alone': 'Bearer',
    'another scheme': `Basic ${Buffer.from(`ada:${good}`).toString('base64')}`,
    'two tokens in one': `Bearer ${good}, Bearer ${good}`,
    'a malformed token': 'Bearer not.a.token',
    'a changed token': `Bearer ${header}.${payload}A.${signature}`,
    'an expired token': `Bearer ${await token({ expiresIn: -60 })}`,
    'a token for later': `Bearer ${await token({ claims: { nbf: now + 600 } })}`,
    'a token without an expiry': `Bearer ${await token({ claims: { exp: undefined } })}`,
    'a token without a subject': `Bearer ${await token({ claims: { sub: undefined } })}`,
    'another issuer': `Bearer ${await token({ claims: { iss: 'https://other.example' } })}`,
    'another audience': `Bearer ${await token({ claims: { aud: 'https://other.example' } })}`,
    'another type': `Bearer ${await token({ header: { typ: 'JWT' } })}`,
    'the algorithm none': `Bearer ${part({ alg: 'none', typ: 'at+jwt' })}.${payload}.`,
    'HS256 with the public key': `Bearer ${await token({ header: { alg: 'HS256' }, key: Buffer.from(pem) })}`,
    'an unknown key': `Bearer ${await token({ header: { kid: 'unknown' }, key: strange.privateKey })}`,
    'a signature of another key': `Bearer ${await token({ key: strange.privateKey })}`,
    'both owners': `Bearer ${await token({ claims: { customer_id: 'c-1', merchant_id: 'm-1' } })}`,
    'an empty owner': `Bearer ${await token({ claims: { customer_id: '' } })}`,
    'a revoked API key': `Bearer ${await revokedKey(keys)}`,
    'an expired API key': `Bearer ${await storedKey(keys, { expiresAt: Date.now() - 1 })}`,
    'an unknown API key': `Bearer ${formatApiKey(newApiKey())}`,
  };
}

async function revokedKey(keys: ApiKeyStore): Promise<string> {
  const text = await storedKey(keys, {});
  const [newest] = (await keys.list()).filter(({ id }) => text.includes(id));
  await keys.revoke(newest?.id ?? '', Date.now());
  return text;
}

async function storedKey(keys: ApiKeyStore, change: Partial<StoredApiKey>): Promise<string> {
  const parts = newApiKey();
  await keys.create({
    id: parts.id,
    hash: hashOfSecret(parts.secret),
    name: 'matrix',
    owner: 'matrix',
    customerId: null,
    merchantId: null,
    scopes: [...SCOPES],
    createdAt: Date.now(),
    expiresAt: null,
    revokedAt: null,
    ...change,
  });
  return formatApiKey(parts);
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
