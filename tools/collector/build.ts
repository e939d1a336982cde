import { collectorProgram } from './program.ts';

/** `node dist/tools/collector/build.js`: builds the Collector for the tests, unless it is built already. */
console.log(await collectorProgram((text) => console.error(text)));
