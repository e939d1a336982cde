import { readFile } from 'node:fs/promises';
import type { Http2SecureServer } from 'node:http2';
import { ServerCredentials } from '@grpc/grpc-js';

/** Paths of PEM files, checked with the settings. */
export interface TlsFiles {
  certPath: string;
  keyPath: string;
}

/** Forward secrecy and authenticated encryption only, as the gateway has it. Those of TLS 1.3 all have both. */
const CIPHERS = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

export interface ServerTls {
  credentials: ServerCredentials;
  /** grpc-js has no option for cipher suites. */
  restrict(server: Http2SecureServer): void;
}

export async function readTls({ certPath, keyPath }: TlsFiles): Promise<ServerTls> {
  const [cert, key] = await Promise.all([readFile(certPath), readFile(keyPath)]);
  return {
    credentials: ServerCredentials.createSsl(null, [{ cert_chain: cert, private_key: key }]),
    restrict: (server) => server.setSecureContext({ cert, key, ciphers: CIPHERS, minVersion: 'TLSv1.2' }),
  };
}
