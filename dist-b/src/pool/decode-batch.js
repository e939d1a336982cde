import { hasCode, ServiceError, toError } from "../base/errors.js";
import { RecordFrame } from "../base/record-frame.js";
export function decodeBatch(memory, codec, clock) {
    const frame = new RecordFrame(memory);
    const decoded = [];
    const undecodable = [];
    const nextOffsets = new Map();
    for (let index = 0; index < frame.count; index += 1) {
        const position = { partition: frame.partition(index), offset: frame.offset(index) };
        nextOffsets.set(position.partition, position.offset + 1);
        try {
            const command = codec.decodeCommand(frame.valueText(index));
            refuseForeignKey(frame.keyText(index), command);
            decoded.push({ index, position, command });
        }
        catch (error) {
            if (!hasCode(error, 'record-undecodable'))
                throw error;
            undecodable.push({
                record: frame.record(index),
                orderId: null,
                reason: 'record-undecodable',
                error: toError(error).message,
                at: clock(),
            });
        }
    }
    return { frame, decoded, undecodable, nextOffsets };
}
/** A record under another key may lie in another partition, where its order is not kept. */
function refuseForeignKey(key, command) {
    if (key === command.orderId)
        return;
    throw new ServiceError('record-undecodable', "The record's key is not the id of its order.");
}
//# sourceMappingURL=decode-batch.js.map