import { Type, type Static } from 'typebox';
import { REQUESTABLE_STATUSES } from './lifecycle.ts';

export const RequestableStatusSchema = Type.Enum([...REQUESTABLE_STATUSES], { type: 'string' });

/** The body of a transition request. */
export const NewTransition = Type.Object(
  {
    to: RequestableStatusSchema,
    reason: Type.Optional(Type.String({ maxLength: 200 })),
    expectedVersion: Type.Optional(
      Type.Integer({ minimum: 0, description: 'The request is refused if the order has another version' }),
    ),
  },
  { additionalProperties: false },
);

export type NewTransition = Static<typeof NewTransition>;
