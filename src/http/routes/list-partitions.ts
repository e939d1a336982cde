import { Type } from 'typebox';
import { TOPICS } from '../../log/event-log.ts';
import type { OperationsService } from '../../services/operations-service.ts';
import type { HttpScope } from '../plugins/http-scope.ts';
import { timestamp } from '../schemas/order.ts';
import { refuseQuery } from '../schemas/query.ts';

const Offset = (description: string) => Type.Integer({ minimum: 0, description });

const schema = {
  operationId: 'listPartitions',
  summary: 'List the partitions of orders.commands',
  description: 'As of at most about a second ago.',
  tags: ['operations'],
  response: {
    200: Type.Object(
      {
        data: Type.Array(
          Type.Object({
            topic: Type.String(),
            partition: Type.Integer({ minimum: 0 }),
            start: Offset('The oldest retained offset'),
            end: Offset('The offset of the next append'),
            progress: Offset('The next offset to process'),
            lag: Offset('Records that are not processed'),
            oldestUnprocessedAt: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
              description: 'When the oldest of them was appended, to about a second; null if there is none',
            }),
            owner: Type.Union([Type.Object({ replica: Type.String() }), Type.Null()], {
              description: 'The id of the replica that processes it; null if none does',
            }),
          }),
        ),
      },
      {
        description: 'All partitions',
        examples: [
          {
            data: [
              {
                topic: 'orders.commands',
                partition: 0,
                start: 0,
                end: 1043,
                progress: 1042,
                lag: 1,
                oldestUnprocessedAt: '2026-11-05T12:30:00.000Z',
                owner: { replica: '5f0b7c3d' },
              },
            ],
          },
        ],
      },
    ),
  },
  problems: ['log-unavailable', 'store-unavailable'] as const,
};

export function addListPartitions(scope: HttpScope, operations: Pick<OperationsService, 'partitions'>): void {
  scope.get('/partitions', { schema }, async (request, reply) => {
    refuseQuery(request);
    const partitions = await operations.partitions();
    reply.header('cache-control', 'no-store');
    return {
      data: partitions.map(({ partition, start, end, progress, oldestUnprocessedAt, owner }) => ({
        topic: TOPICS.commands,
        partition,
        start,
        end,
        progress,
        lag: Math.max(0, end - progress),
        oldestUnprocessedAt: oldestUnprocessedAt === undefined ? null : timestamp(oldestUnprocessedAt),
        owner: owner === undefined ? null : { replica: owner.id },
      })),
    };
  });
}
