import { Type } from 'typebox';
import type { OperationsService } from '../../services/operations-service.ts';
import { REPLICA_TIMEOUT_MS } from '../../store/replica-store.ts';
import type { HttpScope } from '../plugins/http-scope.ts';
import { timestamp, Timestamp } from '../schemas/order.ts';
import { refuseQuery } from '../schemas/query.ts';

const schema = {
  operationId: 'listReplicas',
  summary: 'List the processes of the service',
  description: `Every process says every few seconds that it runs; one that has been silent for ${REPLICA_TIMEOUT_MS / 1000} s is left out.`,
  tags: ['operations'],
  response: {
    200: Type.Object(
      {
        data: Type.Array(
          Type.Object({
            id: Type.String({ description: 'As `replica` in /v1/stats' }),
            role: Type.String(),
            version: Type.String({ description: 'Of this program' }),
            node: Type.String({ description: 'The version of Node' }),
            host: Type.String(),
            pid: Type.Integer(),
            startedAt: Timestamp('When it started'),
            seenAt: Timestamp('Its latest heartbeat'),
            partitions: Type.Array(Type.Integer({ minimum: 0 }), {
              description: 'The partitions of orders.commands that it processes',
            }),
          }),
        ),
      },
      {
        description: 'Oldest process first',
        examples: [
          {
            data: [
              {
                id: '5f0b7c3d',
                role: 'worker',
                version: '1.0.0',
                node: '24.4.0',
                host: 'worker-1',
                pid: 7,
                startedAt: '2026-11-05T12:00:00.000Z',
                seenAt: '2026-11-05T12:30:00.000Z',
                partitions: [0, 1, 2],
              },
            ],
          },
        ],
      },
    ),
  },
  problems: ['store-unavailable'] as const,
};

export function addListReplicas(scope: HttpScope, operations: Pick<OperationsService, 'replicas'>): void {
  scope.get('/replicas', { schema }, async (request, reply) => {
    refuseQuery(request);
    const replicas = await operations.replicas();
    reply.header('cache-control', 'no-store');
    return {
      data: replicas.map((replica) => ({
        ...replica,
        partitions: [...replica.partitions],
        startedAt: timestamp(replica.startedAt),
        seenAt: timestamp(replica.seenAt),
      })),
    };
  });
}
