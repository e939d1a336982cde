import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Server } from '@grpc/grpc-js';
import { fromJSON, type EnumTypeDefinition, type MessageTypeDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { PROTO_FOLDER } from './orders-api.ts';

/**
 * Serves descriptors of all services, reflection included, as tools expect. buf makes them (`npm run generate`):
 * those of proto-loader lack a file's imports and field names, and grpcurl refuses their maps.
 */
export async function addReflection(server: Server): Promise<void> {
  const { FileDescriptorSet } = fromJSON({
    nested: { FileDescriptorSet: { fields: { file: { rule: 'repeated', type: 'bytes', id: 1 } } } },
  });
  const { deserialize } = FileDescriptorSet as MessageTypeDefinition<object, { file: Buffer[] }>;
  const { file } = deserialize(await readFile(join(PROTO_FOLDER, 'descriptors.binpb')));
  // The smallest valid definition; reflection uses only its descriptors.
  const files: EnumTypeDefinition = {
    format: 'Protocol Buffer 3 EnumDescriptorProto',
    type: {},
    fileDescriptorProtos: file,
  };
  new ReflectionService({ files }).addToServer(server);
}
