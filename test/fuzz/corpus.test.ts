import t from 'tap';
import { readCorpus } from './corpus.ts';
import { SLOW_MS, steadyCpuMs } from './fuzz.ts';
import { TARGETS } from './targets.ts';

for (const [name, target] of Object.entries(TARGETS)) {
  await t.test(`${name} reads or refuses each input of its corpus, and none is slow`, async (t) => {
    const run = await target.prepare();
    const corpus = readCorpus(name);
    t.not(corpus.length, 0, 'the corpus has inputs');
    for (const { file, bytes } of corpus) {
      const ms = await steadyCpuMs(run, bytes, SLOW_MS);
      if (ms > SLOW_MS) t.fail(`${file} takes ${ms.toFixed(0)} ms of CPU`);
    }
  });
}
