import { once } from 'node:events';
import { createRequire } from 'node:module';
import {
  credentials,
  makeGenericClientConstructor,
  type ClientDuplexStream,
  type Client,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { load, loadFileDescriptorSetFromBuffer, type PackageDefinition } from '@grpc/proto-loader';

/** A client that knows only reflection and learns everything else from the server. */
export class ReflectedClient {
  readonly #address: string;
  readonly #clients: Client[] = [];
  readonly #version: 'v1' | 'v1alpha';

  constructor(address: string, version: 'v1' | 'v1alpha' = 'v1') {
    this.#address = address;
    this.#version = version;
  }

  async services(): Promise<string[]> {
    const { listServicesResponse } = await this.#ask({ listServices: '*' });
    return (listServicesResponse?.service ?? []).map(({ name }) => name).sort();
  }

  /** A client of a service, made from the descriptors that the server sends. */
  async service(name: string): Promise<Record<string, unknown> & Client> {
    const { fileDescriptorResponse, errorResponse } = await this.#ask({ fileContainingSymbol: name });
    const files = fileDescriptorResponse?.fileDescriptorProto;
    if (files === undefined)
      throw new Error(`No descriptor of ${name}: ${errorResponse?.errorMessage ?? ''}`);
    const definition = loadFileDescriptorSetFromBuffer(descriptorSet(files), {
      enums: String,
      longs: Number,
      defaults: true,
      oneofs: true,
    });
    return this.#client(definition, name);
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }

  #client(definition: PackageDefinition, name: string): Record<string, unknown> & Client {
    const Constructor = makeGenericClientConstructor(definition[name] as ServiceDefinition, name);
    const client = new Constructor(this.#address, credentials.createInsecure());
    this.#clients.push(client);
    return client;
  }

  async #ask(request: object): Promise<Answer> {
    const { resolve } = createRequire(import.meta.url);
    const definition = await load(
      resolve(`@grpc/reflection/build/proto/grpc/reflection/${this.#version}/reflection.proto`),
      { oneofs: true },
    );
    const client = this.#client(definition, `grpc.reflection.${this.#version}.ServerReflection`);
    const start = client.ServerReflectionInfo as () => ClientDuplexStream<object, Answer>;
    const call = start.call(client);
    call.end(request);
    const [answer] = (await once(call, 'data')) as [Answer];
    await once(call, 'end');
    return answer;
  }
}

interface Answer {
  listServicesResponse?: { service: { name: string }[] };
  fileDescriptorResponse?: { fileDescriptorProto: Buffer[] };
  errorResponse?: { errorMessage: string };
}

/** google.protobuf.FileDescriptorSet: `repeated FileDescriptorProto file = 1`. */
function descriptorSet(files: readonly Buffer[]): Buffer {
  return Buffer.concat(files.flatMap((file) => [Buffer.of(0x0a), varint(file.length), file]));
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.of(...bytes, rest);
}
