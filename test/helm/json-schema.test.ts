import t from 'tap';
import { kindSchemas, strict } from '../../tools/helm/json-schema.ts';

await t.test('objects with properties refuse others, unless Kubernetes keeps unknown fields', async (t) => {
  t.strictSame(
    strict({ type: 'object', description: 'a', properties: { description: { type: 'string' } } }),
    {
      type: 'object',
      properties: { description: { type: 'string' } },
      additionalProperties: false,
    },
  );
  const open = { type: 'object', properties: {}, 'x-kubernetes-preserve-unknown-fields': true };
  t.strictSame(strict(open), { type: 'object', properties: {} });
  const map = { type: 'object', additionalProperties: { type: 'string', format: 'byte' } };
  t.strictSame(strict(map), { type: 'object', additionalProperties: { type: 'string' } });
});

await t.test('numbers and texts are both allowed where the API server takes both', async (t) => {
  t.strictSame(strict({ anyOf: [], 'x-kubernetes-int-or-string': true }), { type: ['integer', 'string'] });
  const port = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';
  const { definitions } = kindSchemas(
    {
      Thing: {
        properties: { port: { $ref: `#/definitions/${port}` } },
        'x-kubernetes-group-version-kind': [{ group: 'a.example', version: 'v1', kind: 'Thing' }],
      },
      [port]: { type: 'string', format: 'int-or-string' },
      Unused: {},
    },
    ['a.example/v1/Thing'],
  );
  t.strictSame(definitions[port], { type: ['string', 'integer'] });
  t.strictSame(Object.keys(definitions), ['Thing', port], 'only what the kinds use');
});

await t.test('files have the names that kubeconform looks for', async (t) => {
  const ofKind = (group: string) => ({
    [`${group}.Thing`]: { 'x-kubernetes-group-version-kind': [{ group, version: 'v1', kind: 'Thing' }] },
  });
  t.strictSame(Object.keys(kindSchemas(ofKind(''), ['v1/Thing']).kinds), ['thing-v1.json']);
  const { kinds } = kindSchemas(ofKind('net.k8s.io'), ['net.k8s.io/v1/Thing']);
  t.strictSame(Object.keys(kinds), ['thing-net-v1.json']);
  t.throws(() => kindSchemas({}, ['v1/Thing']), /has no v1\/Thing/);
});
