/** A JSON value; schemas are plain data here. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
type JsonObject = Record<string, Json>;

/** The form that kubeconform reads: like the strict schemas of kubernetes-json-schema, but without descriptions. */
export interface KindSchemas {
  /** file name → schema of one kind, which refers to the definitions */
  kinds: Record<string, Json>;
  /** the definitions that the kinds use */
  definitions: Record<string, Json>;
}

interface GroupVersionKind {
  group: string;
  version: string;
  kind: string;
}

const DEFINITION = '#/definitions/';

/**
 * The schemas of some kinds from the OpenAPI document of a Kubernetes version (api/openapi-spec/swagger.json).
 * @param wanted as apiVersion/kind, such as apps/v1/Deployment
 * @throws Error if the version lacks one
 */
export function kindSchemas(openapi: Record<string, Json>, wanted: readonly string[]): KindSchemas {
  const kinds: Record<string, Json> = {};
  const used = new Set<string>();
  const addUsed = (name: string): void => {
    if (used.has(name)) return;
    used.add(name);
    for (const reference of references(openapi[name] ?? {})) addUsed(reference);
  };
  for (const each of wanted) {
    const [name, identity] = definitionOf(openapi, each);
    addUsed(name);
    kinds[fileName(identity)] = {
      allOf: [{ $ref: `definitions.json${DEFINITION}${name}` }],
      required: ['apiVersion', 'kind'],
    };
  }
  const definitions = Object.fromEntries(
    [...used].sort().map((name) => [name, strictDefinition(name, openapi)]),
  );
  return { kinds, definitions };
}

/** The schema of a custom resource, without what only the API server understands (rules in CEL, defaults). */
export function strict(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(strict);
  if (schema === null || typeof schema !== 'object') return schema;
  if (schema['x-kubernetes-int-or-string'] === true) return { type: ['integer', 'string'] };
  const isClosed =
    schema.properties !== undefined &&
    schema.additionalProperties === undefined &&
    schema['x-kubernetes-preserve-unknown-fields'] !== true;
  return { ...withoutNotes(schema), ...(isClosed ? { additionalProperties: false } : {}) };
}

function withoutNotes(schema: JsonObject): JsonObject {
  const entries = Object.entries(schema).flatMap(([key, value]): [string, Json][] => {
    if (key === 'properties') return [[key, mapValues(value as JsonObject, strict)]];
    if (key.startsWith('x-kubernetes-') || NOTES.has(key)) return [];
    return [[key, key === 'enum' ? value : strict(value)]];
  });
  return Object.fromEntries(entries);
}

/** Formats such as int32 are those of OpenAPI, not of JSON Schema. */
const NOTES = new Set(['description', 'default', 'format', 'example', 'externalDocs']);

function strictDefinition(name: string, openapi: Record<string, Json>): Json {
  // OpenAPI calls these texts; the API server also takes numbers.
  if (name.endsWith('.util.intstr.IntOrString')) return { type: ['string', 'integer'] };
  if (name.endsWith('.api.resource.Quantity')) return { type: ['string', 'number'] };
  return strict(openapi[name] ?? {});
}

function definitionOf(openapi: Record<string, Json>, wanted: string): [string, GroupVersionKind] {
  for (const [name, definition] of Object.entries(openapi)) {
    const identities = (definition as JsonObject)['x-kubernetes-group-version-kind'];
    for (const identity of (identities ?? []) as unknown as GroupVersionKind[]) {
      const { group, version, kind } = identity;
      if ([group, version, kind].filter((part) => part !== '').join('/') === wanted) return [name, identity];
    }
  }
  throw new Error(`This version of Kubernetes has no ${wanted}.`);
}

/** The name under which kubeconform looks for a kind: deployment-apps-v1.json, service-v1.json. */
function fileName({ group, version, kind }: GroupVersionKind): string {
  const shortGroup = group.split('.')[0] ?? '';
  return `${[kind, shortGroup, version]
    .filter((part) => part !== '')
    .join('-')
    .toLowerCase()}.json`;
}

function references(schema: Json): string[] {
  if (schema === null || typeof schema !== 'object') return [];
  if (Array.isArray(schema)) return schema.flatMap(references);
  const { $ref: own } = schema;
  const name = typeof own === 'string' ? [own.slice(DEFINITION.length)] : [];
  return [...name, ...Object.values(schema).flatMap(references)];
}

function mapValues(values: JsonObject, change: (value: Json) => Json): JsonObject {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)]));
}
