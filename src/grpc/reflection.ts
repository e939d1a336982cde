import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Server } from '@grpc/grpc-js';
import { fromJSON, type EnumTypeDefinition, type MessageTypeDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { PROTO_FOLDER } from './orders-api.ts';

/**
 * Serves descriptors of everything that the server has, reflection itself included, as tools expect it. They are those
 * that buf made (`npm run generate`): what proto-loader makes of a file knows neither its imports nor its own names
 * of fields, and grpcurl refuses its maps.
 */
export async function addReflection(server: Server): Promise<void> {
  const { FileDescriptorSet } = fromJSON({
    nested: { FileDescriptorSet: { fields: { file: { rule: 'repeated', type: 'bytes', id: 1 } } } },
  });
  const { deserialize } = FileDescriptorSet as MessageTypeDefinition<object, { file: Buffer[] }>;
  const { file } = deserialize(await readFile(join(PROTO_FOLDER, 'descriptors.binpb')));
  // The least that is a definition: reflection takes the descriptors out of it.
  const files: EnumTypeDefinition = {
    format: 'Protocol Buffer 3 EnumDescriptorProto',
    type: {},
    fileDescriptorProtos: file,
  };
  new ReflectionService({ files }).addToServer(server);
}
