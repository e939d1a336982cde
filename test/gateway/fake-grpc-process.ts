import { Server, ServerCredentials } from '@grpc/grpc-js';
import { HealthImplementation, type ServingStatusMap } from 'grpc-health-check';

/** A gRPC server with the health service alone. Sends its port to the parent and receives statuses by name. */
const health = new HealthImplementation();
const server = new Server();
health.addToServer(server);
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.send?.({ port });
});

process.on('message', (statuses: ServingStatusMap) => {
  for (const [name, status] of Object.entries(statuses)) health.setStatus(name, status);
});

process.on('disconnect', () => process.exit());
