import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifySchema } from 'fastify';
import type { HttpScope } from '../schemas/http-scope.ts';
import { Problem } from '../schemas/problem.ts';

/** Collects the schemas of the routes that are added from now on. */
export async function collectDocumentation(scope: HttpScope, version: string): Promise<void> {
  scope.addSchema(Problem);
  await scope.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'order-system',
        version,
        description:
          'Order intake that loses nothing: an order is acknowledged once the event log holds it durably. ' +
          'Every error is an application/problem+json document (RFC 9457).',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/' }],
      tags: [
        { name: 'orders', description: 'Create, read and move orders' },
        { name: 'dead letters', description: 'Look after the records that failed for good' },
        { name: 'operations', description: 'For whoever runs the service' },
      ],
    },
    // Headers have a syntax of their own and are read by files of their own: their schemas are here to be read by people.
    transform: ({ schema, url }) => ({ schema: withRequestHeaders(schema), url }),
    refResolver: {
      buildLocalReference: ({ $id }, _base, _fragment, index) =>
        typeof $id === 'string' ? $id : `schema-${index}`,
    },
  });
}

/** Serves what was collected: Swagger UI at /docs, the OpenAPI document at /openapi.json. */
export async function serveDocumentation(scope: HttpScope): Promise<void> {
  await scope.register(swaggerUi, { routePrefix: '/docs' });
  scope.get('/openapi.json', { schema: { hide: true } }, () => scope.swagger());
}

function withRequestHeaders(schema: FastifySchema): FastifySchema {
  return 'requestHeaders' in schema ? { ...schema, headers: schema.requestHeaders } : schema;
}
