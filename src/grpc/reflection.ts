import { createRequire } from 'node:module';
import type { Server } from '@grpc/grpc-js';
import { load, type PackageDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { protoPath as healthProto } from 'grpc-health-check';

/** Serves descriptors of everything that the server has, reflection itself included, as tools expect it. */
export async function addReflection(server: Server, orders: PackageDefinition): Promise<void> {
  const { resolve } = createRequire(import.meta.url);
  const own = ['v1', 'v1alpha'].map((version) =>
    resolve(`@grpc/reflection/build/proto/grpc/reflection/${version}/reflection.proto`),
  );
  const others = await load([healthProto, ...own]);
  new ReflectionService({ ...orders, ...others }).addToServer(server);
}
