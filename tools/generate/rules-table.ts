import { OPERATION_RULES, type OperationRule, type Rule } from '../../src/auth/rules.ts';

const BEGIN = '<!-- rules -->';
const END = '<!-- /rules -->';

/** The page with the table of rules between its markers. @throws Error if a marker is missing */
export function withRulesTable(page: string): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`The page needs ${BEGIN} and, after it, ${END}.`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${rulesTable()}\n\n${page.slice(end)}`;
}

function rulesTable(): string {
  return [
    '| HTTP | gRPC | Scope | Orders | Allows |',
    '| --- | --- | --- | --- | --- |',
    ...OPERATION_RULES.map(rowOf),
  ].join('\n');
}

function rowOf({ http, grpc, rule }: OperationRule): string {
  const cells = [code(http), code(grpc?.replace(/^\//, '')), ...ruleCells(rule)];
  return `| ${cells.join(' | ')} |`;
}

function ruleCells(rule: Rule): string[] {
  switch (rule.kind) {
    case 'open':
      return ['no credentials', '', rule.why];
    case 'authenticated':
      return ['credentials only', '', rule.allows];
    case 'own':
      return [code(rule.scope), 'its own', rule.allows];
    case 'all':
      return [code(rule.scope), 'all', rule.allows];
  }
}

function code(text: string | undefined): string {
  return text === undefined ? '' : `\`${text}\``;
}
