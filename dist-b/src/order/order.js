import currencyCodes from 'currency-codes';
import { Type } from 'typebox';
import { ServiceError } from "../base/errors.js";
import { ORDER_STATUSES } from "./lifecycle.js";
/** Ids that callers choose: short, printable, safe in a URL, a log line and a header. */
export const Identifier = (description) => Type.String({ minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9._:-]+$', description });
export const OrderItem = Type.Object({
    sku: Identifier('The article as the merchant names it'),
    name: Type.Optional(Type.String({ maxLength: 200, description: 'What a person would call it' })),
    quantity: Type.Integer({ minimum: 1, maximum: 1000 }),
    unitPrice: Type.Integer({
        minimum: 0,
        maximum: 1_000_000_000,
        description: 'In minor units (paise, cents)',
    }),
}, { additionalProperties: false });
/** What a caller sends to have an order created. Money is an integer in minor units of `currency`. */
export const NewOrder = Type.Object({
    customerId: Identifier('Who orders'),
    merchantId: Identifier('Who fulfils'),
    currency: Type.Enum(currencyCodes.codes(), { type: 'string', description: 'ISO 4217 code' }),
    items: Type.Array(OrderItem, { minItems: 1, maxItems: 100 }),
    metadata: Type.Optional(Type.Record(Type.String(), Type.String(), {
        maxProperties: 20,
        // The record's own pattern does not match keys with a line end, whose values would go unchecked.
        additionalProperties: Type.String(),
        description: "The caller's own pairs, kept and given back untouched",
    })),
}, { additionalProperties: false });
export const OrderStatusSchema = Type.Enum([...ORDER_STATUSES], { type: 'string' });
/**
 * The sum of quantity × unitPrice in minor units.
 * @throws ServiceError `total-too-large` above 2^53 − 1, where a double stops being exact
 */
export function orderTotal(items) {
    let total = 0;
    for (const item of items) {
        total += item.quantity * item.unitPrice;
        if (!Number.isSafeInteger(total)) {
            throw new ServiceError('total-too-large', `The total exceeds ${Number.MAX_SAFE_INTEGER} minor units.`);
        }
    }
    return total;
}
//# sourceMappingURL=order.js.map