import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Attack, Scene, Tool } from '../attack.ts';

const H2LOAD: Tool = { program: 'h2load', install: 'Debian: nghttp2-client' };
const SLOWHTTPTEST: Tool = { program: 'slowhttptest', install: 'Debian: slowhttptest' };
const SCHEMATHESIS: Tool = { program: 'schemathesis', install: 'pip install schemathesis' };
const H2SPEC: Tool = {
  program: 'h2spec',
  install: 'go install github.com/summerwind/h2spec/cmd/h2spec@latest',
};

/** This file runs as dist/test/attack/attacks/foreign-tools.js. */
const SCHEMATHESIS_CONFIG = fileURLToPath(
  new URL('../../../../test/attack/schemathesis.toml', import.meta.url),
);

export const h2load: Attack = {
  name: 'h2load',
  does: 'makes 1 000 gRPC calls a second over 20 connections',
  needs: H2LOAD,
  async run(scene) {
    const output = await runTool(scene, H2LOAD, [
      ...['--duration', String(scene.seconds), '--clients', '20', '--max-concurrent-streams', '50'],
      ...['--rps', '50', '--header', 'content-type: application/grpc', '--header', 'te: trailers'],
      `http://${scene.grpcAddress}/orders.v1.OrderService/GetOrder`,
    ]);
    scene.tally.sent(numberIn(output, /requests: (\d+) total/));
    scene.tally.answered('2xx', numberIn(output, /(\d+) 2xx/));
  },
};

export const slowhttptest: Attack = {
  name: 'slowhttptest',
  does: 'reads large answers slowly on 500 connections',
  needs: SLOWHTTPTEST,
  async run(scene) {
    await runTool(scene, SLOWHTTPTEST, [
      ...['-X', '-c', '500', '-r', '200', '-w', '512', '-y', '1024', '-n', '5', '-z', '32', '-k', '3'],
      ...['-l', String(Math.ceil(scene.seconds)), '-u', `${scene.url}/openapi.json`],
    ]);
    scene.tally.sent(500);
  },
};

export const schemathesis: Attack = {
  name: 'schemathesis',
  does: 'sends requests made from the OpenAPI document, and checks the responses against it',
  needs: SCHEMATHESIS,
  async run(scene) {
    const output = await runTool(scene, SCHEMATHESIS, [
      ...['--config-file', SCHEMATHESIS_CONFIG, '--no-color', 'run', `${scene.url}/openapi.json`],
      ...['--url', scene.url, '--max-time', String(scene.seconds), '--request-timeout', '5'],
      // The document describes the service, not the gateway.
      ...(scene.hidesRoutes ? ['--checks', 'not_a_server_error'] : []),
    ]);
    for (const [, failure] of output.matchAll(/^ {2}❌ (.+: \d+)$/gm)) {
      scene.tally.found(`schemathesis: ${failure}`);
    }
    scene.tally.sent(numberIn(output, /(\d+) generated/));
  },
};

export const h2spec: Attack = {
  name: 'h2spec',
  does: 'sends HTTP/2 frames that break the protocol in every known way',
  needs: H2SPEC,
  async run(scene) {
    const { hostname, port } = new URL(`http://${scene.grpcAddress}`);
    const output = await runTool(scene, H2SPEC, ['-h', hostname, '-p', port, '-o', '1']);
    // Its summary is missing when the attack is over before all its cases.
    const passed = [...output.matchAll(/✔ \d+:/g)].length;
    const failed = [...output.matchAll(/× \d+:/g)].length;
    scene.tally.sent(passed + failed);
    scene.tally.answered('passed', passed);
    scene.tally.answered('failed', failed);
  },
};

const STOP_AFTER_MS = 3_000;

/**
 * Runs the tool until it ends. After the attack it has time to end by itself, because only then does it report what it did;
 * then it is stopped. @returns stdout and stderr
 */
async function runTool({ signal }: Scene, { program }: Tool, args: string[]): Promise<string> {
  const child = spawn(program, args, { cwd: tmpdir(), stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const timers: NodeJS.Timeout[] = [];
  const stop = () => {
    timers.push(setTimeout(() => child.kill('SIGINT'), STOP_AFTER_MS));
    timers.push(setTimeout(() => child.kill('SIGKILL'), STOP_AFTER_MS + 2_000));
  };
  signal.addEventListener('abort', stop, { once: true });
  await once(child, 'close');
  signal.removeEventListener('abort', stop);
  timers.forEach(clearTimeout);
  return output;
}

function numberIn(text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)?.[1] ?? 0);
}
