import t from 'tap';
import { EXAMPLES, template } from '../../tools/helm/chart.ts';

/** What the chart says about the values; undefined if it accepts them. */
async function refusal(example: string | undefined, set: string[]): Promise<string | undefined> {
  return template({ ...(example === undefined ? {} : { example }), set }).then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}

await t.test('the examples are accepted', async (t) => {
  t.strictSame([...EXAMPLES].sort(), ['large', 'small', 'standard']);
  for (const example of EXAMPLES) t.equal(await refusal(example, []), undefined, example);
});

await t.test('without values, the chart lists everything that is missing at once', async (t) => {
  const message = (await refusal(undefined, [])) ?? '';
  t.match(
    message,
    /auth: nothing says who may call.*auth\.issuer.*auth\.apiKeys=true.*auth\.allowAnonymous=true/,
  );
  t.match(message, /kafka\.brokers is empty.*mode=standalone/);
  t.match(message, /database\.host is empty/);
  t.match(message, /database\.existingSecret is empty.*takes no passwords/);
});

/** [what is wrong, the example that it breaks, the changes, what the message must say] */
const CASES: [string, string, string[], RegExp][] = [
  ['an issuer without an audience', 'standard', ['auth.audience='], /auth\.audience is empty.*\(aud\)/],
  [
    'an audience without an issuer',
    'standard',
    ['auth.issuer=', 'auth.apiKeys=true'],
    /no effect without auth\.issuer/,
  ],
  [
    'a grace period that is shorter than the shutdown',
    'large',
    ['shutdown.gracePeriodSeconds=45'],
    /gracePeriodSeconds is 45, but preStopSeconds \(15\) and timeoutMs \(30000\) need at least 46.*set it to null/,
  ],
  [
    'more workers than partitions',
    'standard',
    ['worker.replicas=13'],
    /worker\.replicas is 13, but kafka\.partitions is 12.*Lower it to 12/,
  ],
  [
    'more workers than partitions, with KEDA',
    'large',
    ['kafka.partitions=8', 'worker.keda.maxReplicas=9'],
    /worker\.keda\.maxReplicas is 9, but kafka\.partitions is 8/,
  ],
  [
    'KEDA without anything to measure',
    'large',
    ['worker.keda.prometheus.serverAddress='],
    /nothing to measure/,
  ],
  [
    'fewest replicas above most',
    'large',
    ['api.autoscaling.minReplicas=20', 'worker.keda.minReplicas=30'],
    /worker\.keda\.minReplicas is 30 and maxReplicas 24[\s\S]*api\.autoscaling\.minReplicas is 20 and maxReplicas 12/,
  ],
  ['SASL without a Secret', 'large', ['kafka.sasl.existingSecret='], /kafka\.sasl\.existingSecret is empty/],
  [
    'TLS of Kafka without the protocol',
    'large',
    ['kafka.securityProtocol=sasl_plaintext'],
    /kafka\.tls\.existingSecret has no effect.*ssl or sasl_ssl/,
  ],
  ['a route without host names', 'standard', ['routes.hostnames=null'], /routes\.hostnames is empty.*421/],
  ['a route without a Gateway', 'large', ['routes.gatewayApi.parentRefs=null'], /parentRefs is empty/],
  [
    'Kafka beside the embedded log',
    'small',
    ['kafka.brokers={kafka:9092}'],
    /no effect in mode standalone.*mode=distributed/,
  ],
  ['autoscaling of one replica', 'small', ['api.autoscaling.enabled=true'], /need mode distributed/],
  ['a misspelled value', 'standard', ['api.replica=3'], /replica/],
  ['a misspelled setting', 'standard', ['settings.LOG_LEVLE=debug'], /LOG_LEVLE/],
  ['a setting that the service refuses', 'standard', ['settings.LOG_LEVEL=loud'], /LOG_LEVEL/],
  ['a broker without a port', 'standard', ['kafka.brokers={kafka}'], /brokers/],
];

for (const [what, example, set, message] of CASES) {
  await t.test(`the chart refuses ${what}`, async (t) => {
    t.match(await refusal(example, set), message);
  });
}
