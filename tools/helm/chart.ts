import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run, toolPath } from './programs.ts';
import { CONTROL_PLANE } from './versions.ts';

const HELM = fileURLToPath(new URL('../../../deploy/helm/', import.meta.url));

export const CHART = join(HELM, 'order-system');
export const SCHEMAS = join(HELM, 'schemas');

/** Names of the example values: large, small, standard. */
export const EXAMPLES = readdirSync(join(HELM, 'examples')).map((file) => file.replace(/\.yaml$/, ''));

export function exampleFile(name: string): string {
  return join(HELM, 'examples', `${name}.yaml`);
}

export interface Values {
  /** name of an example whose values are the base */
  example?: string;
  /** as for `helm --set` */
  set?: string[];
  /** version of Kubernetes, such as v1.36.3 */
  kubernetes?: string;
}

/**
 * The manifests of the chart, with its hooks.
 * @throws Error with the message of the chart if it refuses the values
 */
export async function template({ example, set = [], kubernetes }: Values): Promise<string> {
  const values = [
    ...(example === undefined ? [] : ['--values', exampleFile(example)]),
    ...set.flatMap((value) => ['--set', value]),
  ];
  const version = ['--kube-version', kubernetes ?? CONTROL_PLANE.kubernetes];
  const helm = await toolPath('helm');
  return run(helm, ['template', 'orders', CHART, '--namespace', 'shop', ...version, ...values]);
}

/** `helm lint --strict` with the values of an example. */
export async function lint(example: string): Promise<void> {
  const version = ['--kube-version', CONTROL_PLANE.kubernetes];
  await run(await toolPath('helm'), [
    'lint',
    '--strict',
    CHART,
    '--values',
    exampleFile(example),
    ...version,
  ]);
}
