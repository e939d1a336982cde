/** The service serves the library of the package `uplot` at this name. */
export { default } from 'uplot';
