import t from 'tap';
import { OrderClient } from "../support/order-client.js";
import { ServiceProcess } from "../support/service-process.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { orderJourney } from "./journey.js";
await t.test('one process on the embedded log and SQLite', async (t) => {
    const service = await ServiceProcess.start('all', { DATA_DIR: await temporaryFolder(t) });
    t.teardown(() => service.stop());
    await orderJourney(t, new OrderClient(service.url));
    t.same(await service.stop(), { code: 0, signal: null }, 'it stops cleanly');
});
//# sourceMappingURL=embedded.test.js.map