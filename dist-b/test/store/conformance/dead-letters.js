import { emptyDecision, setAside, TOPIC } from "../batch.js";
const ALL_BYTES = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
export async function deadLetterConformance(t, makeStore) {
    await t.test('key and value are kept byte for byte, with place, order, reason and times', async (t) => {
        const { writer, deadLetters } = await makeStore(t);
        const letters = [
            setAside({ offset: 0, key: null, value: null }),
            setAside({ offset: 1, key: Buffer.alloc(0), value: Buffer.alloc(0) }),
            setAside({ offset: 2, key: ALL_BYTES, value: Buffer.from([0xff, 0xfe, 0x00, 0xc3, 0x28]) }),
            {
                ...setAside({ offset: 3, key: Buffer.from('o-1'), value: Buffer.alloc(1_000_000, 0xf5) }),
                orderId: 'o-1',
            },
            {
                ...setAside({ partition: 9, offset: Number.MAX_SAFE_INTEGER }),
                reason: "it's",
                error: 'Zeile 1\nZeile 2 ✂',
            },
        ];
        const store = await writer();
        await store.save(keeping(letters, new Map(), new Map([[0, 4]])));
        t.strictSame(await deadLetters(), letters.map(kept));
    });
    await t.test('a record that is kept already stays as it is', async (t) => {
        const { writer, deadLetters } = await makeStore(t);
        const store = await writer();
        const first = setAside({ offset: 4, value: Buffer.from('first') });
        const again = { ...setAside({ offset: 4, value: Buffer.from('again') }), reason: 'other' };
        await store.save(keeping([first], new Map(), new Map([[0, 5]])));
        await store.save(keeping([again, setAside({ offset: 5 })], new Map([[0, 5]]), new Map([[0, 6]])));
        t.strictSame(await deadLetters(), [kept(first), kept(setAside({ offset: 5 }))]);
    });
}
function keeping(letters, loaded, next) {
    return {
        topic: TOPIC,
        decision: emptyDecision(),
        setAside: letters,
        loadedProgress: loaded,
        nextProgress: next,
    };
}
function kept({ record, orderId, reason, error, at }) {
    const { partition, offset, key, value, timestamp } = record;
    return {
        topic: TOPIC,
        partition,
        offset,
        key,
        value,
        log_timestamp: timestamp,
        order_id: orderId,
        reason,
        error,
        at,
    };
}
//# sourceMappingURL=dead-letters.js.map