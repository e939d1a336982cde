import { isIP, isIPv4 } from 'node:net';

/** Whether a host (a name, or an address without brackets) can be reached from this machine only. */
export function isLoopback(host: string): boolean {
  if (isIP(host) === 0) return host.toLowerCase() === 'localhost';
  if (isIPv4(host)) return host.startsWith('127.');
  // The URL parser writes every form of an address in one way.
  return /^\[::(1|ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4})\]$/.test(hostOfUrl(host));
}

function hostOfUrl(address: string): string {
  const url = `http://[${address}]`;
  return URL.canParse(url) ? new URL(url).hostname : '';
}
