import { BlockList, isIP, isIPv4 } from 'node:net';

/** The parts of an HTTP request that name its caller; `IncomingMessage` has them. */
export interface CallerRequest {
  socket: { remoteAddress?: string | undefined };
  headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** The parts of a gRPC call that name its caller; every call of grpc-js has them. */
export interface CallerCall {
  /** address and port, joined by a colon */
  getPeer(): string;
  metadata: { get(key: string): (string | Buffer)[] };
}

/**
 * Names the caller of a request or call, the same over HTTP and gRPC. Limits count by this key. It is the client's IPv4
 * address, or its IPv6 network of 64 bits: one client usually owns a whole network.
 */
export class Callers {
  readonly #proxies: BlockList | undefined;

  /** @param trustedProxies addresses and networks whose X-Forwarded-For counts, such as `10.0.0.0/8` */
  constructor(trustedProxies: readonly string[]) {
    this.#proxies = trustedProxies.length === 0 ? undefined : blockListOf(trustedProxies);
  }

  ofRequest({ socket, headers }: CallerRequest): string {
    const peer = plainAddress(socket.remoteAddress);
    return this.isProxy(peer) ? this.#beyondProxies(peer, headers['x-forwarded-for']) : keyOf(peer);
  }

  ofCall(call: CallerCall): string {
    return this.ofPeer(call.getPeer(), call.metadata);
  }

  /** @param peer address and port, as `getPeer` of a gRPC call returns them */
  ofPeer(peer: string, metadata: CallerCall['metadata']): string {
    const address = plainAddress(peer.replace(/:\d+$/, ''));
    if (!this.isProxy(address)) return keyOf(address);
    return this.#beyondProxies(address, metadata.get('x-forwarded-for').map(String));
  }

  /** The caller on the other side of a connection: a client, or a proxy for its clients. */
  ofAddress(address: string | undefined): string {
    return keyOf(plainAddress(address));
  }

  isProxy(address: string | undefined): boolean {
    if (this.#proxies === undefined) return false;
    const plain = plainAddress(address);
    const version = isIP(plain);
    return version !== 0 && this.#proxies.check(plain, version === 4 ? 'ipv4' : 'ipv6');
  }

  /** Each proxy appends the address that it saw, so the last entry that no trusted proxy owns is the client. */
  #beyondProxies(proxy: string, forwardedFor: string | string[] | undefined): string {
    let client = proxy;
    const entries = [forwardedFor ?? []].flat().join(',').split(',');
    while (this.isProxy(client)) {
      const address = plainAddress(entries.pop()?.trim());
      if (isIP(address) === 0) break;
      client = address;
    }
    return keyOf(client);
  }
}

function blockListOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    const type = isIPv4(address) ? 'ipv4' : 'ipv6';
    if (bits === undefined) list.addAddress(address, type);
    else list.addSubnet(address, Number(bits), type);
  }
  return list;
}

/** Without port, brackets and zone; an IPv4 address in IPv6 form as IPv4. */
function plainAddress(address = ''): string {
  if (isIPv4(address)) return address;
  const [plain = ''] = address.replace(/^\[(.*)\](:\d+)?$|^([\d.]+):\d+$/, '$1$3').split('%');
  const mapped = plain.replace(/^::ffff:/i, '');
  return isIPv4(mapped) ? mapped : plain;
}

function keyOf(address: string): string {
  if (isIP(address) !== 6) return address === '' ? 'unknown' : address;
  const [left = '', right] = address.split('::');
  const groups = left === '' ? [] : left.split(':');
  const missing = right === undefined ? 0 : 8 - groups.length - right.split(':').length;
  const all = [...groups, ...Array<string>(Math.max(0, missing)).fill('0'), ...(right ?? '').split(':')];
  const network = all.slice(0, 4).map((group) => (parseInt(group, 16) || 0).toString(16));
  return `${network.join(':')}::/64`;
}
