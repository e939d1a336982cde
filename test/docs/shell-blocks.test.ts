import t from 'tap';
import { BlockRunner } from './block-runner.ts';
import { faultsOfCommands, isKnownVariable, notInCi } from './check-commands.ts';
import { commandsOf } from './commands.ts';
import { allDocuments, codeBlocks, type CodeBlock } from './markdown.ts';

/** curl's exit code for a request that is refused, with `fail-with-body`. */
const REFUSED = 22;

// A block may start many processes, which takes long on a machine that is busy with other tests.
t.setTimeout(180_000);

/** Blocks that are not run here: what they need, or why. Their commands are checked. Other tests run `dump`, `postgres` and `topics`. */
const NOT_RUN = ['ci', 'docker', 'dump', 'kafka', 'kubernetes', 'postgres', 'slow', 'topics'];

/** What is wrong with a block, by its marker; undefined when it does what the document says. */
async function faultOf({ code, marker }: CodeBlock, runner: BlockRunner): Promise<string | undefined> {
  if (marker === undefined) {
    const { code: exit, stdout, stderr } = await runner.run(code);
    return exit === 0 ? undefined : `exit code ${exit ?? 'none'}: ${stdout}${stderr}`;
  }
  if (marker === 'start') return runner.start(code);
  if (marker === 'stream') {
    const { code: exit, stdout, stderr } = await runner.runUntilOutput(code);
    return stdout !== '' && (exit === undefined || exit === 0) ? undefined : `it printed nothing: ${stderr}`;
  }
  const status = /^answers (\d{3})$/.exec(marker)?.[1];
  if (status !== undefined) {
    const { code: exit, stdout, stderr } = await runner.run(code);
    return exit === REFUSED && stdout.includes(`"status":${status},`) ? undefined : `${stdout}${stderr}`;
  }
  if (!NOT_RUN.includes(marker)) return `"${marker}" is no marker`;
  const faults = [...faultsOfCommands(code), ...(marker === 'ci' ? notInCi(code) : [])];
  return faults.length === 0 ? undefined : faults.join('; ');
}

for (const document of allDocuments()) {
  const blocks = codeBlocks(document, 'sh');
  if (blocks.length === 0) continue;
  await t.test(`the shell blocks of ${document.path} do what it says`, async (t) => {
    const runner = await BlockRunner.create();
    t.teardown(() => runner.close());
    for (const block of blocks) {
      const { place, marker = 'run', code } = block;
      t.equal(await faultOf(block, runner), undefined, `${place} (${marker})\n${code}`);
    }
    if (document.path === 'docs/deployment.md') {
      const restored = blocks.find(({ code }) => code.includes('orders?customerId=c-7'));
      const { stdout } = await runner.run(restored?.code ?? '');
      t.match(stdout, /"data":\[\{"id":.*"customerId":"c-7"/, 'the restored order');
      t.match(stdout, /"status":"confirmed".*"status":"confirmed"/s, 'and a new one, processed');
    }
    if (document.path !== 'README.md') return;

    await t.test('both lines of the quick start, pasted at once, show the order', async (t) => {
      const quickStart = blocks.find(({ code }) => code.startsWith('curl'));
      const { stdout } = await runner.run(quickStart?.code ?? '');
      t.match(stdout, /^HTTP\/1\.1 201 /);
      const id = /"id":"([^"]+)"/.exec(stdout)?.[1] ?? 'none';
      t.match(stdout, `{"data":[{"id":"${id}","status":"confirmed"`);
    });

    await t.test('a block that does not do what it says is found', async (t) => {
      const fault = (code: string, marker?: string) => faultOf({ place: '', code, marker }, runner);
      const unknown = 'curl -s http://127.0.0.1:3000/v1/orders/7cd200a6-be2d-58c6-9a2d-6ca53b637927';
      const wrongField = `grpcurl -plaintext -d '{"order":"x"}' 127.0.0.1:50051 orders.v1.OrderService/GetOrder`;
      t.match(await fault(unknown), /exit code 22: .*order-not-found/);
      t.match(await fault('true\nfalse\ntrue'), /exit code 1/);
      t.match(await fault(wrongField), /has no \/order/);
      t.equal(await fault(unknown, 'answers 404'), undefined);
      t.match(await fault(unknown, 'answers 409'), /"status":404/);
      const notRefused = await fault('curl -s http://127.0.0.1:3000/livez', 'answers 200');
      t.type(notRefused, 'string', 'a request that should be refused and is not');
      t.match(await fault('true', 'stream'), /printed nothing/);
      t.match(await fault('true', 'start'), /does not start a service/);
      t.match(await fault('true', 'later'), /"later" is no marker/);
    });
  });
}

await t.test('what a block that is not run names has to exist', async (t) => {
  const faults: [code: string, found: RegExp | undefined][] = [
    ['npm run drill -- --seed 1 --minutes 5', undefined],
    ['npm run drill -- --sed 1', /drill\/main\.js has no option --sed/],
    ['npm run dril', /no script dril/],
    ['KAFKA_BROKER=a:9092 npm start', /KAFKA_BROKER is neither/],
    ['export DATABASE_URI=postgres://a', /DATABASE_URI is neither/],
    ['node dist/src/main.js serve --rolle api', /no option --rolle/],
    ['node dist/src/main.js migrat', /migrat is no command/],
    ['node dist/src/main.js dead-letters replay --reason x --dry-run', undefined],
    ['node dist/bench/accept.js --round 3', /no option --round/],
    ['node dist/bench/excel.js', /no bench\/excel\.ts/],
    ['docker compose -f compose.tsl.yaml up', /no compose\.tsl\.yaml/],
    ['docker compose exec api-3 node dist/src/main.js config', /no service api-3/],
    ['docker compose --profile rabbit up', /no profile rabbit/],
    ['helm install orders deploy/helm/order-sistem', /no deploy\/helm\/order-sistem/],
    ['helm upgrade orders deploy/helm/order-system --set image.tagg=1', /no value image\.tagg/],
    ['kubectl exec pod -- node dist/src/main.js migrat', /migrat is no command/],
    ['sudo npm start', /sudo is not/],
  ];
  for (const [code, found] of faults) {
    const text = faultsOfCommands(code).join('; ');
    if (found === undefined) t.equal(text, '', code);
    else t.match(text, found, code);
  }
  t.match(notInCi('npm ci && npm run dev'), ['.ci/run does not run "npm run dev"']);
  t.same(notInCi('npm ci && npm start'), []);
  t.ok(isKnownVariable('KAFKA_SASL_PASSWORD') && !isKnownVariable('KAFKA_SASL'));
});

await t.test('commands are read as a shell reads them', async (t) => {
  t.same(
    commandsOf(`A='x y' B=2 curl -d "{\\"a\\":\\"b;c\\"}" 'u&&v' # why\n\nnpm ci && npm \\\n  test | cat`),
    [
      { environment: { A: 'x y', B: '2' }, words: ['curl', '-d', '{"a":"b;c"}', 'u&&v'] },
      { environment: {}, words: ['npm', 'ci'] },
      { environment: {}, words: ['npm', 'test'] },
      { environment: {}, words: ['cat'] },
    ],
  );
});
