import { Type } from 'typebox';

/** For a route without parameters: one that is there by mistake is told rather than passed over. */
export const NoQuery = Type.Object({}, { additionalProperties: false });
