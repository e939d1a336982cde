/** Assets of the executable that are no files of the service. */
export const INDEX = 'index.json';
export const LICENSES = 'THIRD_PARTY_LICENSES.txt';

/** A CommonJS file, which imports the service: the executable's own code cannot import files. */
export const START = 'start.cjs';
