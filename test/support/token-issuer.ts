import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';
import type { TokenConfig } from '../../src/config/identity-config.ts';
import type { TestScope } from './temporary-folder.ts';

export const AUDIENCE = 'https://orders.example';

export interface TokenOptions {
  /** added to the default claims; undefined removes one */
  claims?: Record<string, unknown>;
  header?: Record<string, unknown>;
  /** seconds from the issuer's time */
  expiresIn?: number;
  /** the key to sign with instead of the current one */
  key?: CryptoKey | Uint8Array;
}

/** A small issuer of tokens, which publishes its metadata and keys over HTTP as a real one does. */
export class TokenIssuer {
  readonly #server: Server;
  readonly #keys: { jwk: JWK; key: CryptoKey }[] = [];
  /** keys that are read, by path */
  readonly requests: string[] = [];
  /** answers the requests instead; for outages */
  answer: 'keys' | 'error' | 'redirect' | 'endless' | 'nothing' = 'keys';
  /** milliseconds since the epoch */
  clock: () => number;

  constructor(server: Server, clock: () => number) {
    this.#server = server;
    this.clock = clock;
  }

  static async start(t: TestScope, { clock = () => Date.now() } = {}): Promise<TokenIssuer> {
    const server = createServer();
    const issuer = new TokenIssuer(server, clock);
    server.on('request', ({ url = '' }, response) => {
      issuer.requests.push(url);
      response.setHeader('content-type', 'application/json');
      if (issuer.answer === 'nothing') return;
      if (issuer.answer === 'error') response.writeHead(503).end('{}');
      else if (issuer.answer === 'redirect') response.writeHead(302, { location: issuer.jwksUrl }).end();
      else if (issuer.answer === 'endless') {
        const more = (): void => {
          if (response.destroyed) return;
          if (response.write('[1, 2, 3]'.repeat(10_000))) setImmediate(more);
          else response.once('drain', more);
        };
        more();
        response.on('close', () => response.removeAllListeners('drain'));
      } else response.end(JSON.stringify(issuer.#document(url)));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.teardown(() => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    });
    await issuer.rotate();
    return issuer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get jwksUrl(): string {
    return `${this.url}/keys`;
  }

  /** What the service is told about this issuer. */
  config(change: Partial<TokenConfig> = {}): TokenConfig {
    return {
      issuer: this.url,
      audience: AUDIENCE,
      keys: { kind: 'url', url: this.jwksUrl },
      algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
      types: ['at+jwt'],
      clockToleranceMs: 5_000,
      scopeClaim: 'scope',
      customerClaim: 'customer_id',
      merchantClaim: 'merchant_id',
      ...change,
    };
  }

  /** Publishes one more key, and signs with it from now on. */
  async rotate({ alg = 'ES256' } = {}): Promise<JWK> {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const jwk = { ...(await exportJWK(publicKey)), kid: `key-${this.#keys.length + 1}`, alg, use: 'sig' };
    this.#keys.push({ jwk, key: privateKey });
    return jwk;
  }

  keySet(): { keys: JWK[] } {
    return { keys: this.#keys.map(({ jwk }) => jwk) };
  }

  /** A token for this service with all scopes of orders, unless the options say otherwise. */
  async token({ claims = {}, header = {}, expiresIn = 3_600, key }: TokenOptions = {}): Promise<string> {
    const current = this.#keys.at(-1);
    if (current === undefined) throw new Error('The issuer has no key.');
    const now = Math.floor(this.clock() / 1_000);
    const payload: JWTPayload = {
      iss: this.url,
      aud: AUDIENCE,
      sub: 'alice',
      iat: now,
      exp: now + expiresIn,
      scope: 'orders:create orders:read orders:transition',
      ...claims,
    };
    const { alg = 'ES256', kid } = current.jwk;
    return new SignJWT(payload)
      .setProtectedHeader({ alg, kid, typ: 'at+jwt', ...header })
      .sign(key ?? current.key);
  }

  #document(url: string): unknown {
    if (!url.includes('/.well-known/')) return this.keySet();
    return { issuer: this.url, jwks_uri: this.jwksUrl };
  }
}
