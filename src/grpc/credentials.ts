import { readFile } from 'node:fs/promises';
import { ServerCredentials } from '@grpc/grpc-js';

/** Paths of PEM files, which were checked with the settings. */
export interface TlsFiles {
  certPath: string;
  keyPath: string;
}

export async function serverCredentials(tls: TlsFiles | undefined): Promise<ServerCredentials> {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const [chain, key] = await Promise.all([readFile(tls.certPath), readFile(tls.keyPath)]);
  return ServerCredentials.createSsl(null, [{ cert_chain: chain, private_key: key }]);
}
