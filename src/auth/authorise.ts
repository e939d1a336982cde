import { ServiceError } from '../base/errors.ts';
import type { Principal } from './principal.ts';
import { OPERATION_RULES, type Rule } from './rules.ts';

/**
 * Decides whether a principal may use an operation, for HTTP and gRPC alike. For which orders is decided later, by
 * `Principal.access`.
 * @param operation `METHOD /path` as the route is registered, or `/package.Service/Method`
 * @returns why not: `scope-missing`, `access-denied`; undefined if it may
 */
export function authorise(operation: string, { scopes, access }: Principal): ServiceError | undefined {
  const rule = ruleOf(operation);
  if (rule === undefined)
    return new ServiceError('access-denied', `No rule allows anyone to use ${operation}.`);
  if (rule.kind === 'open' || rule.kind === 'authenticated') return undefined;
  if (!scopes.has(rule.scope)) {
    return new ServiceError(
      'scope-missing',
      `The credentials lack the scope ${rule.scope}, which this operation needs. Send a token or key that has it.`,
    );
  }
  if (rule.kind === 'own' || access.kind === 'all') return undefined;
  return new ServiceError(
    'access-denied',
    `This operation needs credentials that may use all orders; these are limited to the orders of one ${access.kind}.`,
  );
}

/** The rule of an operation; undefined if it has none. A row that ends with `*` is for all operations that begin like it. */
export function ruleOf(operation: string): Rule | undefined {
  return EXACT.get(operation) ?? BELOW.find(({ prefix }) => operation.startsWith(prefix))?.rule;
}

/**
 * The rule of an operation. Called at start for each operation, so that none can be forgotten.
 * @throws ServiceError `internal`
 */
export function requireRule(operation: string): Rule {
  const rule = ruleOf(operation);
  if (rule !== undefined) return rule;
  throw new ServiceError('internal', `${operation} has no rule. Add a row to src/auth/rules.ts.`);
}

const ROWS = OPERATION_RULES.flatMap(({ http, grpc, rule }) =>
  [http, grpc].flatMap((operation) => (operation === undefined ? [] : [{ operation, rule }])),
);

const EXACT: ReadonlyMap<string, Rule> = new Map(ROWS.map(({ operation, rule }) => [operation, rule]));

const BELOW = ROWS.filter(({ operation }) => operation.endsWith('*')).map(({ operation, rule }) => ({
  prefix: operation.slice(0, -1),
  rule,
}));
