import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Server } from '@grpc/grpc-js';
import {
  fromJSON,
  load,
  type EnumTypeDefinition,
  type MessageTypeDefinition,
  type PackageDefinition,
} from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { protoPath as healthProto } from 'grpc-health-check';
import { PROTO_FOLDER } from './orders-api.ts';

/** Serves descriptors of everything that the server has, reflection itself included, as tools expect it. */
export async function addReflection(server: Server): Promise<void> {
  const { resolve } = createRequire(import.meta.url);
  const own = ['v1', 'v1alpha'].map((version) =>
    resolve(`@grpc/reflection/build/proto/grpc/reflection/${version}/reflection.proto`),
  );
  const [orders, others] = await Promise.all([
    ordersFiles(),
    load([healthProto, ...own], { keepCase: true }),
  ]);
  new ReflectionService({ ...orders, ...others }).addToServer(server);
}

/**
 * The descriptors that buf made (`npm run proto:generate`). Those that proto-loader makes of a file know neither its
 * imports nor its own names of fields, and tools such as grpcurl cannot read them.
 */
async function ordersFiles(): Promise<PackageDefinition> {
  const { FileDescriptorSet } = fromJSON({
    nested: { FileDescriptorSet: { fields: { file: { rule: 'repeated', type: 'bytes', id: 1 } } } },
  });
  const { deserialize } = FileDescriptorSet as MessageTypeDefinition<object, { file: Buffer[] }>;
  const { file } = deserialize(await readFile(join(PROTO_FOLDER, 'descriptors.binpb')));
  // The least that is a definition: reflection takes the descriptors out of it.
  const described: EnumTypeDefinition = {
    format: 'Protocol Buffer 3 EnumDescriptorProto',
    type: {},
    fileDescriptorProtos: file,
  };
  return { orders: described };
}
