import t from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

t.setTimeout(120_000);

const PROCESSOR = new URL('../../../test/fixtures/processor.mjs', import.meta.url).pathname;

await t.test('a processor module logs JSON lines to the output of the service', async (t) => {
  const service = await ServiceProcess.start('all', { DATA_DIR: await temporaryFolder(t), PROCESSOR });
  t.teardown(() => service.kill());
  const { body } = await new OrderClient(service.url).place(anOrder({ merchantId: 'log' }));
  const logged = () => service.output.split('\n').find((line) => line.includes(body.id));
  await eventually(() => logged() !== undefined, { what: 'the line of the processor' });
  t.match(JSON.parse(logged() ?? ''), { level: 30, orderId: body.id, msg: 'seen by the processor' });
});
