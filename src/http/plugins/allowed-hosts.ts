import { BlockList, isIP } from 'node:net';
import { ServiceError } from '../../base/errors.ts';
import type { HttpScope } from './http-scope.ts';

export interface HostRules {
  /** the address or name that the server listens on */
  host: string;
  /** further names and addresses that callers may use, without port; IPv6 in brackets */
  allowedHosts: readonly string[];
}

/**
 * Refuses requests for other hosts, whatever their method. A page can point its own host name at this server (DNS
 * rebinding); the browser then takes the server for a part of that page. Only the Host header shows the difference. A
 * browser always sends one; HTTP/1.0 clients need not.
 */
export function refuseUnknownHosts(scope: HttpScope, rules: HostRules): void {
  const isAllowed = hostCheck(rules);
  // Callers repeat the same few hosts: comparing with the last one is cheaper than parsing each.
  let lastAllowed = '';
  scope.addHook('onRequest', ({ raw }, _reply, done) => {
    const { host } = raw.headers;
    if (host === lastAllowed && host !== '') {
      done();
    } else if (host === undefined ? raw.httpVersion === '1.0' : isAllowed(host)) {
      lastAllowed = host ?? lastAllowed;
      done();
    } else {
      done(host === undefined ? hostMissing() : hostNotAllowed(host));
    }
  });
}

/** `127.0.0.0/8` and `::1`, also written as IPv6. */
const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/**
 * Allows `localhost`, loopback addresses, and what the rules name. A server that listens on every address may have any
 * address, in a container even one that it cannot see, so it allows all of them: only names can be rebound.
 */
export function hostCheck({ host, allowedHosts }: HostRules): (header: string) => boolean {
  const known = new Set(['localhost', withoutZone(host), ...allowedHosts].map(canonical));
  const hasAnyAddress = ['0.0.0.0', '::'].includes(host);
  return (header) => {
    const name = /^(\[[\d.:a-f]+\]|[\w.-]+)(?::\d*)?$/i.exec(header)?.[1];
    if (name === undefined) return false;
    const address = canonical(name);
    if (known.has(address)) return true;
    const version = isIP(address);
    return version !== 0 && (hasAnyAddress || LOOPBACK.check(address, version === 4 ? 'ipv4' : 'ipv6'));
  };
}

/** In lower case, without the dot of an absolute name and the brackets of an IPv6 address. */
function canonical(name: string): string {
  return name
    .toLowerCase()
    .replace(/\.$/, '')
    .replace(/^\[(.+)\]$/, '$1');
}

/** `fe80::1%eth0` → `fe80::1`: the zone has a meaning only on this machine, and no caller sends it. */
function withoutZone(host: string): string {
  return host.replace(/%.*$/, '');
}

function hostNotAllowed(host: string): ServiceError {
  return new ServiceError(
    'host-not-allowed',
    `The Host header ${JSON.stringify(host.slice(0, 100))} does not name this service. ` +
      'If it should, add the name, without port, to the setting ALLOWED_HOSTS; a proxy must pass on the Host of its caller.',
  );
}

function hostMissing(): ServiceError {
  return new ServiceError('bad-request', 'An HTTP/1.1 request needs a Host header.');
}
