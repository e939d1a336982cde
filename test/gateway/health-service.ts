import {
  type ChannelCredentials,
  Client,
  type ClientReadableStream,
  credentials,
  Server,
  ServerCredentials,
} from '@grpc/grpc-js';
import { HealthImplementation, service } from 'grpc-health-check';
import type { Test } from 'tap';

/** The one stream that every gRPC service has: https://grpc.io/docs/guides/health-checking/ */
const { Watch, Check } = service;

/** A gRPC server with nothing but its health, a status for each name. */
export class HealthServer {
  readonly health: HealthImplementation;
  readonly address: string;
  readonly #server: Server;

  private constructor(health: HealthImplementation, server: Server, port: number) {
    this.health = health;
    this.#server = server;
    this.address = `127.0.0.1:${port}`;
  }

  static async start(
    t: Test,
    statuses: ConstructorParameters<typeof HealthImplementation>[0],
  ): Promise<HealthServer> {
    const health = new HealthImplementation(statuses);
    const server = new Server();
    health.addToServer(server);
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
    t.teardown(() => server.forceShutdown());
    return new HealthServer(health, server, port);
  }

  /** Streams and connections break. */
  kill(): void {
    this.#server.forceShutdown();
  }
}

/** What a stream has said so far, and how it ended. */
export interface Watched {
  statuses: string[];
  /** gRPC status code; undefined while it goes on */
  code: number | undefined;
}

export class HealthClient {
  readonly #client: Client;

  constructor(t: Test, address: string, security: ChannelCredentials = credentials.createInsecure()) {
    // A channel of its own: a connection that was shared would stay with one replica.
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
