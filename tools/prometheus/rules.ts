import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** The folder with prometheus.yml, rules/ and tests/; tools run as dist/tools/prometheus/*.js. */
export const PROMETHEUS_FOLDER = new URL('../../../deploy/prometheus/', import.meta.url);

export interface Rule {
  /** an alerting rule has this name, a recording rule `record` */
  alert?: string;
  record?: string;
  expr: string;
  for?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

export interface AlertRule extends Rule {
  alert: string;
}

export interface RuleFile {
  groups: { name: string; rules: Rule[] }[];
}

export interface AlertTest {
  name: string;
  alert_rule_test: { alertname: string; exp_alerts: { exp_labels: Record<string, string> }[] }[];
}

/** The rule files by name. */
export function readRuleFiles(): Map<string, RuleFile> {
  return new Map(yamlFiles('rules/').map(({ name, content }) => [name, content as RuleFile]));
}

export function allRules(): Rule[] {
  return [...readRuleFiles().values()].flatMap(({ groups }) => groups.flatMap(({ rules }) => rules));
}

export function alertRules(): AlertRule[] {
  return allRules().filter((rule): rule is AlertRule => rule.alert !== undefined);
}

/** The tests of promtool. */
export function readAlertTests(): AlertTest[] {
  return yamlFiles('tests/').flatMap(({ content }) => (content as { tests: AlertTest[] }).tests);
}

function yamlFiles(folder: string): { name: string; content: unknown }[] {
  const url = new URL(folder, PROMETHEUS_FOLDER);
  return readdirSync(url)
    .filter((name) => name.endsWith('.yml'))
    .map((name) => ({ name, content: parse(readFileSync(new URL(name, url), 'utf8')) as unknown }));
}
