import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { eventually } from '../../support/eventually.ts';
import { CHART, EXAMPLES, exampleFile, template } from '../chart.ts';
import { goModule, run, toolPath } from '../programs.ts';
import { CONTROL_PLANE, CUSTOM_RESOURCES } from '../versions.ts';
import type { KubernetesClient, KubernetesObject } from './client.ts';
import { ControlPlane } from './server.ts';

interface Workload extends KubernetesObject {
  spec: { template: { metadata: object; spec: PodSpec } };
}

type PodSpec = { securityContext: Record<string, unknown> } & Record<string, unknown>;

/**
 * Installs every example on a real kube-apiserver, in a namespace that enforces the Pod Security Standard `restricted`, and creates
 * a Pod from each template. Nothing runs: there is no kubelet.
 * @throws Error with the reason of the first object that the API server refuses
 */
export async function checkOnControlPlane(report: (line: string) => void): Promise<void> {
  const controlPlane = await ControlPlane.start();
  try {
    const { client } = controlPlane;
    await createCustomResources(client);
    for (const example of EXAMPLES) {
      const namespace = `shop-${example}`;
      await client.create({
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: namespace, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
      } as KubernetesObject);
      const installed = await install(controlPlane, example, namespace);
      const hooks = await createHooks(client, example, namespace);
      const pods = await createPods(client, example, namespace);
      report(
        `kube-apiserver ${CONTROL_PLANE.kubernetes}, ${example}: ${installed} objects, ${hooks} hooks and ${pods} Pods admitted`,
      );
    }
  } finally {
    await controlPlane.stop();
  }
}

async function createCustomResources(client: KubernetesClient): Promise<void> {
  for (const { module, files } of CUSTOM_RESOURCES) {
    const folder = await goModule(module);
    for (const file of files) {
      const definition = parse(await readFile(join(folder, file), 'utf8')) as KubernetesObject;
      await client.create(definition);
      const path = `/apis/${definition.apiVersion}/customresourcedefinitions/${definition.metadata.name}`;
      const isEstablished = async () => {
        const { status } = (await client.read(path)) as {
          status?: { conditions?: { type: string; status: string }[] };
        };
        return (
          status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True') === true
        );
      };
      await eventually(isEstablished, { what: definition.metadata.name });
    }
  }
}

/** `helm install`, then an upgrade that changes Pod templates. Without hooks, because no controller would finish the Job. */
async function install({ kubeconfig }: ControlPlane, example: string, namespace: string): Promise<number> {
  const helm = await toolPath('helm');
  const options = ['--namespace', namespace, '--kubeconfig', kubeconfig];
  const chart = ['orders', CHART, '--values', exampleFile(example), '--no-hooks', ...options];
  const notes = await run(helm, ['install', ...chart]);
  if (!notes.includes('Place the first order')) throw new Error(`The notes do not help:\n${notes}`);
  const changes = ['--set', 'shutdown.timeoutMs=20000', '--set', 'image.tag=other'];
  await run(helm, ['upgrade', ...chart, ...changes]);
  const manifests = await run(helm, ['get', 'manifest', 'orders', ...options]);
  return manifests.match(/^kind: /gm)?.length ?? 0;
}

async function createHooks(client: KubernetesClient, example: string, namespace: string): Promise<number> {
  const hooks = (await manifestsOf(example, namespace)).filter(
    ({ metadata }) => metadata.annotations?.['helm.sh/hook'] !== undefined,
  );
  for (const hook of hooks) await client.create(hook);
  return hooks.length;
}

async function createPods(client: KubernetesClient, example: string, namespace: string): Promise<number> {
  const workloads = (await manifestsOf(example, namespace)).filter(({ kind }) =>
    ['Deployment', 'StatefulSet', 'Job'].includes(kind),
  ) as Workload[];
  for (const { metadata, spec } of workloads) {
    const pod = {
      ...spec.template,
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: metadata.name, namespace },
    };
    const { spec: podSpec } = spec.template;
    const warnings = await client.create({ ...pod, spec: withClaim(podSpec) });
    if (warnings.length > 0) throw new Error(`${metadata.name}: ${warnings.join(' ')}`);
    await refusesRoot(client, { ...pod, spec: withClaim(podSpec) });
  }
  return workloads.length;
}

/** The volume that a StatefulSet adds to its Pods. */
function withClaim(spec: PodSpec): PodSpec {
  const { volumes } = spec as unknown as { volumes: { name: string }[] };
  if (volumes.some(({ name }) => name === 'data') || !JSON.stringify(spec).includes('"/data"')) return spec;
  return { ...spec, volumes: [...volumes, { name: 'data', persistentVolumeClaim: { claimName: 'data' } }] };
}

/** Shows that admission really checks: the same Pod as root is refused. */
async function refusesRoot(
  client: KubernetesClient,
  pod: KubernetesObject & { spec: PodSpec },
): Promise<void> {
  const securityContext = { ...pod.spec.securityContext, runAsNonRoot: false, runAsUser: 0 };
  const root = {
    ...pod,
    metadata: { ...pod.metadata, name: `${pod.metadata.name}-root` },
    spec: { ...pod.spec, securityContext },
  };
  const refusal = await client.create(root).then(
    () => 'nothing',
    (error: unknown) => String(error),
  );
  if (!refusal.includes('violates PodSecurity "restricted')) {
    throw new Error(
      `A Pod that may run as root should be refused by Pod Security, but the answer was ${refusal}.`,
    );
  }
}

async function manifestsOf(example: string, namespace: string): Promise<KubernetesObject[]> {
  const text = (await template({ example })).replaceAll('namespace: shop\n', `namespace: ${namespace}\n`);
  const objects = parseAllDocuments(text).map((document) => document.toJS() as KubernetesObject | null);
  return objects.filter((object) => object !== null);
}
