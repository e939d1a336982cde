/**
 * Bundled code must find files at run time as before: an asset beside its module, the entry of a thread, a package. The
 * executable unpacks them under the paths that they have in this repository. So a module that asks where it is gets the place
 * that it had before it was bundled.
 */

/** A variable of every bundled file: the URL of the unpacked folder. */
export const ROOT = '__orderSystemRoot';

/** A function of every bundled file: esbuild gives a dynamic import of a CommonJS package only its default export. */
const NAMESPACE = '__orderSystemNamespace';

const IMPORT_OF_PACKAGE = /(?<![.\w$])import\(\s*['"](?!node:)[@\w][^'"]*['"]\s*\)/g;

/** The folder of the bundled files, below the root. */
export const CODE_FOLDER = 'dist/src';

/** The first lines of every bundled file. Bundled CommonJS packages call `require` for the modules of Node. */
export const BANNER = `import { createRequire as __orderSystemRequire } from 'node:module';
const ${ROOT} = import.meta.url.slice(0, import.meta.url.lastIndexOf('/${CODE_FOLDER}/') + 1);
const require = __orderSystemRequire(import.meta.url);
const ${NAMESPACE} = async (loading) => {
  const { default: only, ...others } = await loading;
  const isCommonJs = Object.keys(others).length === 0 && only !== null && /^(object|function)$/.test(typeof only);
  return isCommonJs ? { ...only, default: only } : loading;
};`;

const CALLS = /(new URL\(\s*['"][^'"]+['"],\s*|createRequire\()import\.meta\.url(?=\s*\))/g;

/**
 * Replaces `new URL('…', import.meta.url)` and `createRequire(import.meta.url)`. Others stay, because they ask for the name of the
 * running file.
 * @param path of a module of src, below the root
 */
export function placeModule(text: string, path: string): string {
  return placeImports(text).replace(CALLS, (_all, call: string) => `${call}${urlOf(path)}`);
}

const VARIABLES =
  /(?<![.\w$'"`/])(__dirname|__filename|import\.meta\.(?:url|dirname|filename))(?![\w$'"`:])/g;

/** Replaces every question of a package's file for its own place. @param path below the root */
export function placePackageFile(text: string, path: string): string {
  return placeImports(text).replace(VARIABLES, (variable) => {
    const url = /url$/.test(variable) ? urlOf(path) : undefined;
    const place = /dirname$/.test(variable) ? path.slice(0, path.lastIndexOf('/')) : path;
    return url ?? `decodeURIComponent(${urlOf(place, 'pathname')})`;
  });
}

/** @param code of a package, without comments */
export function asksForItsPlace(code: string): boolean {
  return code.search(VARIABLES) !== -1;
}

/** The entries of threads that a module of src starts, as they are written there, such as `./batch-thread.js`. */
export function threadEntries(text: string): string[] {
  return [...text.matchAll(/new URL\(\s*['"](\.[^'"]+\.js)['"],\s*import\.meta\.url\s*\)/g)].map(
    ([, name = '']) => name,
  );
}

function placeImports(text: string): string {
  return text.replace(IMPORT_OF_PACKAGE, (call) => `${NAMESPACE}(${call})`);
}

function urlOf(path: string, property = 'href'): string {
  return `new URL(${JSON.stringify(path)}, ${ROOT}).${property}`;
}
