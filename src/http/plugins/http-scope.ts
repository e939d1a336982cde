import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';

/** What plugins and routes are added to: Fastify, with the types of a request taken from its TypeBox schema. */
export type HttpScope = Parameters<FastifyPluginCallbackTypebox>[0];
