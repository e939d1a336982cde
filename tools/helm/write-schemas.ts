import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { kindSchemas, strict, type Json } from './json-schema.ts';
import { goModule } from './programs.ts';
import { CUSTOM_RESOURCES, KUBERNETES_VERSIONS } from './versions.ts';

/** What the chart creates, and Pods, which the check of the control plane makes from its templates. */
const KINDS = [
  'apps/v1/Deployment',
  'apps/v1/StatefulSet',
  'autoscaling/v2/HorizontalPodAutoscaler',
  'batch/v1/Job',
  'networking.k8s.io/v1/Ingress',
  'networking.k8s.io/v1/NetworkPolicy',
  'policy/v1/PodDisruptionBudget',
  'v1/Pod',
  'v1/Service',
  'v1/ServiceAccount',
];

interface CustomResourceDefinition {
  spec: {
    group: string;
    names: { kind: string };
    versions: { name: string; served: boolean; schema: { openAPIV3Schema: Json } }[];
  };
}

/** Writes the schemas that kubeconform uses, from the OpenAPI documents in the Go modules of versions.ts. */
export async function writeSchemas(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  for (const version of KUBERNETES_VERSIONS) {
    const openapi = join(await goModule(`k8s.io/kubernetes@${version}`), 'api/openapi-spec/swagger.json');
    const document = JSON.parse(await readFile(openapi, 'utf8')) as { definitions: Record<string, Json> };
    const { kinds, definitions } = kindSchemas(document.definitions, KINDS);
    await write(join(folder, version), { ...kinds, 'definitions.json': { definitions } });
  }
  for (const { module, files } of CUSTOM_RESOURCES) {
    const source = await goModule(module);
    for (const file of files) {
      const definition = parse(await readFile(join(source, file), 'utf8')) as CustomResourceDefinition;
      await write(join(folder, 'custom'), customSchemas(definition));
    }
  }
}

function customSchemas({ spec }: CustomResourceDefinition): Record<string, Json> {
  const served = spec.versions.filter((version) => version.served);
  return Object.fromEntries(
    served.map(({ name, schema }) => [
      `${spec.group}_${spec.names.kind}_${name}.json`.toLowerCase(),
      strict(schema.openAPIV3Schema),
    ]),
  );
}

async function write(folder: string, files: Record<string, Json>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, schema] of Object.entries(files)) {
    await writeFile(join(folder, name), oneLineEach(schema));
  }
}

/** One definition a line: small, and changes between versions can still be read. */
function oneLineEach(schema: Json): string {
  const { definitions } = schema as { definitions?: Record<string, Json> };
  if (definitions === undefined) return `${JSON.stringify(schema)}\n`;
  const lines = Object.entries(definitions).map(
    ([name, definition]) => `${JSON.stringify(name)}:${JSON.stringify(definition)}`,
  );
  return `{"definitions":{\n${lines.join(',\n')}\n}}\n`;
}
