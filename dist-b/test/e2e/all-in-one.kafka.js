import t from 'tap';
import { kafkaEnvironment } from "../support/kafka-environment.js";
import { OrderClient } from "../support/order-client.js";
import { ServiceProcess } from "../support/service-process.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { orderJourney } from "./journey.js";
await t.test('one process on Kafka', { timeout: 120_000 }, async (t) => {
    const service = await ServiceProcess.start('all', kafkaEnvironment(await temporaryFolder(t)));
    t.teardown(() => service.stop());
    await orderJourney(t, new OrderClient(service.url));
    t.same(await service.stop(), { code: 0, signal: null }, 'it stops cleanly');
});
//# sourceMappingURL=all-in-one.kafka.js.map