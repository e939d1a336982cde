import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { ServiceError, toError } from '../base/errors.ts';

/**
 * Waits for a server to listen.
 * @throws ServiceError `settings-invalid`, which names the setting to change, if the address cannot be used
 */
export async function explainListenError<T>(
  setting: string,
  host: string,
  port: number,
  listening: Promise<T>,
): Promise<T> {
  try {
    return await listening;
  } catch (error) {
    const { code } = toError(rootCause(error)) as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') {
      throw new ServiceError(
        'settings-invalid',
        `Port ${port} of ${host} is already in use. Stop the program that uses it, or set ${setting} to another port.`,
      );
    }
    if (code === 'EACCES') {
      throw new ServiceError(
        'settings-invalid',
        `Port ${port} of ${host} is reserved for privileged users. Set ${setting} to a port above 1023.`,
      );
    }
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
      throw new ServiceError(
        'settings-invalid',
        `This machine has no address ${host} (${code}). Set HOST to one of its addresses.`,
      );
    }
    throw error;
  }
}

/** @returns the URL @throws ServiceError as `explainListenError` */
export async function listenHttp(
  setting: string,
  http: FastifyInstance,
  address: { host: string; port: number },
): Promise<string> {
  await explainListenError(setting, address.host, address.port, http.listen(address));
  return `http://${hostAndPort(http.server.address())}`;
}

/** Finishes requests in flight; cuts off those that are incomplete after `graceMs`. */
export async function closeHttp(http: FastifyInstance, graceMs: number): Promise<void> {
  const cutOff = setTimeout(() => http.server.closeAllConnections(), graceMs);
  try {
    await http.close();
  } finally {
    clearTimeout(cutOff);
  }
}

function rootCause(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? rootCause(error.cause) : error;
}

function hostAndPort(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') return address ?? '';
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `${host}:${address.port}`;
}
