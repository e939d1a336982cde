import type { FastifyRequest } from 'fastify';
import { hasCode, ServiceError } from '../../src/base/errors.ts';
import type { HttpScope } from '../../src/http/plugins/http-scope.ts';
import { acceptBatchesOnly, acceptJsonOnly } from '../../src/http/plugins/json-body.ts';
import { NewOrder } from '../../src/order/order.ts';
import { createValidator } from '../../src/services/validation.ts';
import type { Run } from './targets.ts';

type Parser = (
  request: FastifyRequest,
  bytes: Buffer,
  done: (error: null, body: unknown) => void,
) => Promise<unknown> | undefined;

const REQUEST = { headers: { 'content-type': 'application/json' } } as FastifyRequest;

/** A body of one order, as the HTTP API parses and validates it. */
export function bodyParser(): Run {
  const parse = parserOf(acceptJsonOnly);
  const validator = createValidator(NewOrder);
  return refusing(async (bytes) => {
    await parse(REQUEST, bytes, (_error, body) => {
      if (!validator.check(body)) validator.errorOf(body);
    });
  });
}

export function batchParser(): Run {
  const parse = parserOf((scope) => acceptBatchesOnly(scope, 1000));
  const validator = createValidator(NewOrder);
  return refusing(async (bytes) => {
    const body = await parse(REQUEST, bytes, () => undefined);
    const orders = typeof body === 'object' && body !== null && 'orders' in body ? body.orders : undefined;
    for (const order of Array.isArray(orders) ? (orders as unknown[]) : []) {
      if (!(order instanceof ServiceError) && !validator.check(order)) validator.errorOf(order);
    }
  });
}

/** The parser that the plugin registers. */
function parserOf(plugin: (scope: HttpScope) => void): Parser {
  const parsers: Parser[] = [];
  plugin({
    removeAllContentTypeParsers: () => undefined,
    addContentTypeParser: (_type: string, _options: object, parser: Parser) => parsers.push(parser),
  } as unknown as HttpScope);
  const [parser] = parsers;
  if (parser === undefined) throw new Error('The plugin registers no parser.');
  return parser;
}

function refusing(run: Run): Run {
  return async (bytes) => {
    try {
      await run(bytes);
    } catch (error) {
      if (!hasCode(error, 'malformed-json') && !hasCode(error, 'validation-failed')) throw error;
    }
  };
}
