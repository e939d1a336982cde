import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EXAMPLES, lint, SCHEMAS, template } from './chart.ts';
import { run, toolPath } from './programs.ts';
import { KUBERNETES_VERSIONS } from './versions.ts';

/** Everything that routes, autoscaling and monitoring can add to an example, so that every template is checked. */
const VARIANTS: Record<string, string[]> = {
  'standard with KEDA on Kafka, gRPC over TLS and an Ingress for it': [
    'worker.keda.enabled=true',
    'worker.keda.kafka.enabled=true',
    'grpcTls.existingSecret=orders-grpc-tls',
    'routes.ingress.annotations.buffering=off',
    'routes.ingress.grpcAnnotations.protocol=GRPC',
    'networkPolicy.workerEgress[0].ports[0].port=443',
  ],
};

/**
 * Checks the manifests of every example with helm, kubeconform and kube-score, without any network.
 * @throws Error with the output of the tool that found something
 */
export async function checkChart(report: (line: string) => void): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'order-system-helm-'));
  try {
    const files = await renderAll(folder, report);
    for (const version of KUBERNETES_VERSIONS) report(`${version}: ${await conform(version, files)}`);
    for (const file of files) await score(file);
    report(`kube-score: no criticals in ${files.length} sets of manifests`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function renderAll(folder: string, report: (line: string) => void): Promise<string[]> {
  const files: string[] = [];
  const render = async (name: string, example: string, set: string[] = []): Promise<void> => {
    const file = join(folder, `${name.replaceAll(' ', '-')}.yaml`);
    const manifests = await template({ example, set });
    await writeFile(file, manifests);
    files.push(file);
    report(`${name}: ${manifests.match(/^kind: /gm)?.length ?? 0} objects`);
  };
  for (const example of EXAMPLES) {
    await lint(example);
    await render(example, example);
  }
  for (const [name, set] of Object.entries(VARIANTS)) await render(name, name.split(' ')[0] ?? '', set);
  return files;
}

/**
 * Checks files with kubeconform against the schemas of a version, and returns its summary.
 * @throws Error with its output if it finds something
 */
export async function conform(version: string, files: string[]): Promise<string> {
  const locations = [
    join(SCHEMAS, '{{.NormalizedKubernetesVersion}}/{{.ResourceKind}}{{.KindSuffix}}.json'),
    join(SCHEMAS, 'custom/{{.Group}}_{{.ResourceKind}}_{{.ResourceAPIVersion}}.json'),
  ];
  const output = await run(await toolPath('kubeconform'), [
    '-strict',
    '-summary',
    '-kubernetes-version',
    version.replace('v', ''),
    ...locations.flatMap((location) => ['-schema-location', location]),
    ...files,
  ]);
  return output.trim();
}

/**
 * Checks a file with kube-score. Its warnings are opinions, such as podAntiAffinity beside topology spread.
 * @throws Error with its output if it finds a critical fault
 */
export async function score(file: string): Promise<void> {
  const tool = await toolPath('kube-score');
  await run(tool, ['score', '--output-format', 'ci', '--kubernetes-version', 'v1.33', file]);
}
