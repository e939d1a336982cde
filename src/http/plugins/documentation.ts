import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifySchema } from 'fastify';
import type { TSchema } from 'typebox';
import { requireRule } from '../../auth/authorise.ts';
import { scopeOf, type Rule } from '../../auth/rules.ts';
import { ERRORS, type CallerErrorCode } from '../../base/error-table.ts';
import { Problem, PROBLEM_MEDIA_TYPE } from '../schemas/problem.ts';
import type { HttpScope } from './http-scope.ts';
import { operationOf } from './principal.ts';
import { protectPages } from './security-headers.ts';

declare module 'fastify' {
  interface FastifySchema {
    /** for the documentation: each header has its own parser */
    requestHeaders?: TSchema;
    /** for the documentation: the error codes of this route, besides those of `commonProblems` */
    problems?: readonly CallerErrorCode[];
  }
}

/**
 * `documented` has JSON Schema keywords of a body, a query or one of its properties, for the documentation only: the route checks
 * these rules itself, because its error says more.
 */
interface Documented {
  documented?: object;
  properties?: Record<string, Documented>;
}

/** Both are sent as `Authorization: Bearer …`. */
const SECURITY_SCHEMES = {
  token: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'An access token of the issuer that the service trusts (RFC 9068)',
  },
  apiKey: { type: 'http', scheme: 'bearer', description: 'An API key, for machines' },
} as const;

export interface DocumentationOptions {
  version: string;
  /** whether authentication is on */
  needsCredentials: boolean;
}

/** Collects the schemas of the routes that are added from now on. */
export async function collectDocumentation(
  scope: HttpScope,
  { version, needsCredentials }: DocumentationOptions,
): Promise<void> {
  scope.addSchema(Problem);
  await scope.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'order-system',
        version,
        description:
          'Accepts orders and loses none: an order is accepted once the event log holds it durably. ' +
          'Every error is an application/problem+json document (RFC 9457).',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/' }],
      components: { securitySchemes: SECURITY_SCHEMES },
      tags: [
        { name: 'orders', description: 'Create, read, transition and watch orders' },
        { name: 'dead letters', description: 'Inspect, replay and discard records that failed for good' },
        { name: 'operations', description: 'Health, metrics and statistics' },
      ],
    },
    transform: ({ schema, url, route: { method } }) => ({
      schema: documented(schema, { method: String(method), url, needsCredentials }),
      url,
    }),
    refResolver: {
      buildLocalReference: ({ $id }, _base, _fragment, index) =>
        typeof $id === 'string' ? $id : `schema-${index}`,
    },
  });
}

/** Serves what was collected: Swagger UI at /docs, the OpenAPI document at /openapi.json. */
export async function serveDocumentation(scope: HttpScope): Promise<void> {
  await scope.register(async (pages) => {
    protectPages(pages);
    // Without the top bar: it shows only the logo of Swagger, whose inline style the policy forbids.
    await pages.register(swaggerUi, { routePrefix: '/docs', uiConfig: { layout: 'BaseLayout' } });
  });
  scope.get('/openapi.json', { schema: { hide: true } }, () => scope.swagger());
}

function documented(
  declared: FastifySchema,
  { method, url, needsCredentials }: { method: string; url: string; needsCredentials: boolean },
): FastifySchema {
  if (declared.hide === true) return declared;
  const { requestHeaders, problems = [], ...schema } = declared;
  const { body, querystring } = schema as { body?: Documented; querystring?: Documented };
  const rule = requireRule(operationOf(method, url));
  const codes = new Set([...credentialProblems(rule), ...commonProblems(schema, url), ...problems]);
  return {
    ...schema,
    ...securityOf(rule, needsCredentials),
    ...(body === undefined ? {} : { body: withRules(body) }),
    ...(querystring === undefined ? {} : { querystring: withRules(querystring) }),
    ...(requestHeaders === undefined ? {} : { headers: requestHeaders }),
    response: { ...(schema.response as object | undefined), ...problemResponses(codes) },
  };
}

/** Merges the keywords of `documented` into the schema and its properties. */
function withRules(schema: Documented): object {
  const { documented, properties, ...rest } = schema;
  if (properties === undefined) return { ...rest, ...documented };
  const fields = Object.entries(properties).map(([name, property]) => [name, withRules(property)]);
  return { ...rest, ...documented, properties: Object.fromEntries(fields) as object };
}

/** Shows the scopes also while authentication is off; the empty requirement then says that requests need no credentials. */
function securityOf(rule: Rule, needsCredentials: boolean): Pick<FastifySchema, 'security'> {
  if (rule.kind === 'open') return {};
  const scopes = [scopeOf(rule) ?? []].flat();
  return { security: [...(needsCredentials ? [] : [{}]), { token: scopes }, { apiKey: scopes }] };
}

/** The error codes of admission, for routes with this rule. */
function credentialProblems(rule: Rule): CallerErrorCode[] {
  if (rule.kind === 'open') return [];
  const codes: CallerErrorCode[] = ['unauthenticated', 'identity-unavailable'];
  return rule.kind === 'authenticated' ? codes : [...codes, 'scope-missing', 'access-denied'];
}

/** The error codes of the hooks and of the request parsers. */
function commonProblems({ body, params }: FastifySchema, url: string): CallerErrorCode[] {
  if (!url.startsWith('/v1/')) return ['host-not-allowed'];
  const codes: CallerErrorCode[] = [
    'host-not-allowed',
    'draining',
    'overloaded',
    'rate-limited',
    'validation-failed',
    'internal',
  ];
  if (body !== undefined || params !== undefined) codes.push('bad-request');
  // Only routes with a body change anything.
  if (body !== undefined) {
    codes.push('origin-not-allowed', 'malformed-json', 'body-too-large', 'unsupported-media-type');
  }
  return codes;
}

/** One response per status, whose `code` is one of the codes with that status. */
function problemResponses(codes: Iterable<CallerErrorCode>): Record<number, object> {
  const byStatus = new Map<number, CallerErrorCode[]>();
  for (const code of codes) {
    const { httpStatus } = ERRORS[code];
    byStatus.set(httpStatus, [...(byStatus.get(httpStatus) ?? []), code]);
  }
  return Object.fromEntries([...byStatus].map(([status, codes]) => [status, problemResponse(codes)]));
}

function problemResponse(codes: CallerErrorCode[]): object {
  const code = { type: 'string', enum: codes };
  const schema = { allOf: [{ $ref: 'Problem#' }, { type: 'object', properties: { code } }] };
  const description = codes.map((code) => ERRORS[code].title).join(' · ');
  return { description, content: { [PROBLEM_MEDIA_TYPE]: { schema } } };
}
