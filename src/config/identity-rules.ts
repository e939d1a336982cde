import { isLoopback } from '../base/loopback.ts';
import { fileProblem, ifGiven, when, type Rule } from './rule.ts';
import { readPublicKeys } from './public-keys-file.ts';
import { isSafeAddress } from './safe-address.ts';
import type { Settings } from './settings.ts';

/** Asymmetric algorithms. With HS256 and the like, everyone who can verify a token can also sign one. */
const SIGNATURES = /^((RS|PS|ES)(256|384|512)|EdDSA|Ed25519)$/;

export const IDENTITY_RULES: readonly Rule[] = [
  {
    about: ['AUTH_ISSUER', 'AUTH_AUDIENCE'],
    problem: ({ AUTH_ISSUER, AUTH_AUDIENCE }) =>
      when(
        AUTH_ISSUER !== '' && AUTH_AUDIENCE === '',
        'needs the audience of this service: set AUTH_AUDIENCE, or tokens for other services would be accepted here',
      ),
  },
  {
    about: ['AUTH_ISSUER', 'AUTH_JWKS_URL', 'AUTH_JWKS_FILE'],
    problem: ({ AUTH_ISSUER, AUTH_JWKS_URL, AUTH_JWKS_FILE }) =>
      AUTH_JWKS_URL === '' && AUTH_JWKS_FILE === ''
        ? ifGiven(AUTH_ISSUER, (issuer) =>
            when(
              !isSafeAddress(issuer),
              'has no metadata that can be fetched safely: give an https address, or set AUTH_JWKS_URL or AUTH_JWKS_FILE',
            ),
          )
        : undefined,
  },
  ...(['AUTH_AUDIENCE', 'AUTH_JWKS_URL', 'AUTH_JWKS_FILE'] as const).map((name) => ({
    about: [name, 'AUTH_ISSUER'] as const,
    problem: (settings: Settings) =>
      when(
        settings[name] !== '' && settings.AUTH_ISSUER === '',
        'has no effect without AUTH_ISSUER: set both, or neither',
      ),
  })),
  {
    about: ['AUTH_JWKS_URL'],
    problem: ({ AUTH_JWKS_URL }) =>
      ifGiven(AUTH_JWKS_URL, (url) =>
        when(
          !isSafeAddress(url),
          'is not an https address, so the keys could be changed on their way here: give an https address (http only for this machine)',
        ),
      ),
  },
  {
    about: ['AUTH_JWKS_FILE', 'AUTH_JWKS_URL'],
    problem: ({ AUTH_JWKS_FILE, AUTH_JWKS_URL }) =>
      when(
        AUTH_JWKS_FILE !== '' && AUTH_JWKS_URL !== '',
        'names the keys a second time: set AUTH_JWKS_FILE or AUTH_JWKS_URL, not both',
      ),
  },
  {
    about: ['AUTH_JWKS_FILE'],
    problem: ({ AUTH_JWKS_FILE }) => ifGiven(AUTH_JWKS_FILE, keysProblem),
  },
  { about: ['AUTH_ALGORITHMS'], problem: ({ AUTH_ALGORITHMS }) => algorithmsProblem(AUTH_ALGORITHMS) },
  {
    about: ['AUTH_CUSTOMER_CLAIM', 'AUTH_MERCHANT_CLAIM'],
    problem: ({ AUTH_CUSTOMER_CLAIM, AUTH_MERCHANT_CLAIM }) =>
      when(
        AUTH_CUSTOMER_CLAIM === AUTH_MERCHANT_CLAIM,
        'is also AUTH_MERCHANT_CLAIM: name two different claims',
      ),
  },
];

/** For processes that listen. Commands that open no port may have the same settings. */
export const EXPOSURE_RULE: Rule = {
  about: ['HOST', 'ROLE', 'AUTH_ISSUER', 'AUTH_AUDIENCE', 'AUTH_API_KEYS', 'ALLOW_ANONYMOUS'],
  problem: ({ HOST, ROLE, AUTH_ISSUER, AUTH_API_KEYS, ALLOW_ANONYMOUS }) => {
    // A worker serves no orders.
    const isSafe = ROLE === 'worker' || isLoopback(HOST) || ALLOW_ANONYMOUS === 'true';
    const isAuthenticated = AUTH_ISSUER !== '' || AUTH_API_KEYS === 'true';
    return when(
      !isSafe && !isAuthenticated,
      'lets other machines read, place and change every order, because authentication is off. Choose one: ' +
        'keep HOST=127.0.0.1, so that only this machine is served; set AUTH_ISSUER and AUTH_AUDIENCE, or AUTH_API_KEYS=true, ' +
        'so that callers need a token or a key; or set ALLOW_ANONYMOUS=true, if something in front of the service checks its callers',
    );
  },
};

function algorithmsProblem(list: string): string | undefined {
  const wrong = list.split(',').find((name) => !SIGNATURES.test(name));
  return when(
    wrong !== undefined,
    `contains ${JSON.stringify(wrong)}, which anyone could sign with or this service cannot verify: give some of RS256, PS256, ES256 (also with 384 and 512), EdDSA, Ed25519`,
  );
}

function keysProblem(path: string): string | undefined {
  const problem = fileProblem(path);
  if (problem !== undefined) return problem;
  const read = readPublicKeys(path);
  return 'problem' in read ? read.problem : undefined;
}
