import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { toError } from '../base/errors.ts';

/** What keeps two files from being a certificate chain and its private key; undefined when nothing does. */
export function tlsProblem(certPath: string, keyPath: string): string | undefined {
  try {
    createSecureContext({ cert: readFileSync(certPath), key: readFileSync(keyPath) });
    return undefined;
  } catch (error) {
    return `is no certificate that fits the key in GRPC_TLS_KEY (${toError(error).message}): give both as PEM files`;
  }
}
