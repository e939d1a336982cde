import { type ChannelCredentials, Client, type ClientReadableStream, credentials } from '@grpc/grpc-js';
import { service } from 'grpc-health-check';
import type { Test } from 'tap';

/** https://grpc.io/docs/guides/health-checking/ */
const { Watch, Check } = service;

export interface Watched {
  statuses: string[];
  /** gRPC status code; undefined while the stream is open */
  code: number | undefined;
}

export class HealthClient {
  readonly #client: Client;

  constructor(t: Test, address: string, security: ChannelCredentials = credentials.createInsecure()) {
    // A separate connection: a shared one would stay with one replica.
    this.#client = new Client(address, security, { 'grpc.use_local_subchannel_pool': 1 });
    t.teardown(() => this.#client.close());
  }

  watch(name: string): Watched {
    const watched: Watched = { statuses: [], code: undefined };
    const call: ClientReadableStream<{ status: string }> = this.#client.makeServerStreamRequest(
      Watch?.path ?? '',
      Watch?.requestSerialize ?? never,
      deserialize(Watch?.responseDeserialize),
      { service: name },
    );
    call.on('data', ({ status }: { status: string }) => watched.statuses.push(status));
    call.on('error', ({ code }: Error & { code?: number }) => (watched.code = code ?? -1));
    call.on('end', () => (watched.code ??= 0));
    return watched;
  }

  /** Resolves with the gRPC status code. */
  check(name: string): Promise<number> {
    return new Promise((resolve) => {
      this.#client.makeUnaryRequest(
        Check?.path ?? '',
        Check?.requestSerialize ?? never,
        deserialize(Check?.responseDeserialize),
        { service: name },
        (error) => resolve(error?.code ?? 0),
      );
    });
  }
}

function never(): Buffer {
  throw new Error('grpc-health-check lacks a method.');
}

function deserialize(read: ((bytes: Buffer) => object) | undefined) {
  return (bytes: Buffer) => (read ?? never)(bytes) as { status: string };
}
