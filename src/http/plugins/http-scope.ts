import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';

export type HttpScope = Parameters<FastifyPluginCallbackTypebox>[0];
