import { Type, type Static } from 'typebox';
import { REQUESTABLE_STATUSES } from './lifecycle.ts';

export const RequestableStatusSchema = Type.Enum([...REQUESTABLE_STATUSES], { type: 'string' });

/** What a caller sends to have an order moved on. */
export const NewTransition = Type.Object(
  {
    to: RequestableStatusSchema,
    reason: Type.Optional(Type.String({ maxLength: 200 })),
    expectedVersion: Type.Optional(
      Type.Integer({ minimum: 0, description: 'Refused when the order has another' }),
    ),
  },
  { additionalProperties: false },
);

export type NewTransition = Static<typeof NewTransition>;
