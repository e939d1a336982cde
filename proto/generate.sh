#!/bin/sh
# Generates code from the proto files, for `npm run generate`, which puts the tools on the PATH: the TypeScript types, and
# the descriptors that server reflection serves, including those of health and reflection.
set -eu
cd "$(dirname "$0")/.."

rm -rf src/grpc/generated
proto-loader-gen-types --longs=Number --enums=String --defaults --oneofs --grpcLib=@grpc/grpc-js \
  --importFileExtension=.ts --outDir=src/grpc/generated --includeDirs=proto -- orders/v1/orders.proto

descriptors() {
  buf build "$@" --as-file-descriptor-set --exclude-source-info -o -
}
health=node_modules/grpc-health-check/proto
reflection=node_modules/@grpc/reflection/build/proto
# Concatenated descriptor sets are one set.
{
  descriptors proto
  descriptors "$health"
  descriptors "$reflection" --path "$reflection/grpc"
} >proto/descriptors.binpb
