import t from 'tap';
import { ALL_ORDERS } from '../../src/order/access.ts';
import { parsePositionsToken } from '../../src/status/resume-token.ts';
import { changesOfOrders, countingHub, takeAll } from './many-changes.ts';

const KEPT = 16_000;
const BEGINNING = parsePositionsToken('s.log');

await t.test(
  'a resume decodes nothing before its reader takes it, and then no more than its turn',
  async (t) => {
    const { hub, decoded } = countingHub();
    hub.publish(changesOfOrders(KEPT));
    const { subscription } = hub.subscribe({}, ALL_ORDERS, BEGINNING);
    t.equal(decoded(), 0);
    const turn = { eventsLeft: 100 };
    for (let taken = 0; taken < 100; taken += 1) t.ok(subscription.take(turn));
    t.equal(subscription.take(turn), undefined, 'the turn is over');
    t.equal(decoded(), 100);
    const ofNoOne = hub.subscribe({ customerId: 'x' }, ALL_ORDERS, BEGINNING).subscription;
    t.equal(ofNoOne.take({ eventsLeft: 300 }), undefined, 'nothing matches');
    t.equal(decoded(), 300);
  },
);

await t.test(
  'readers that resume share every event: it is decoded once and has one item for each view',
  async (t) => {
    const { hub, decoded } = countingHub();
    const live = hub.subscribe({}, ALL_ORDERS).subscription;
    hub.publish(changesOfOrders(KEPT));
    const merchant = { kind: 'merchant', merchantId: 'm' } as const;
    const resumed = [ALL_ORDERS, merchant, merchant].map(
      (access) => hub.subscribe({}, access, BEGINNING).subscription,
    );
    const [first = [], again = [], other = [], otherAgain = []] = [live, ...resumed].map(takeAll);
    t.equal(first.length, KEPT);
    t.ok(again.every((item, index) => item === first[index]));
    t.ok(other.every((item, index) => item.change === first[index]?.change));
    t.ok(otherAgain.every((item, index) => item === other[index]));
    t.equal(decoded(), KEPT);
  },
);

await t.test(
  'a reader that is ahead in one partition shares the items of the others from there on',
  async (t) => {
    const { hub, decoded } = countingHub();
    hub.beginAt(1, 0);
    const inPartition = (partition: number, count: number) =>
      changesOfOrders(count).map((record) => ({ ...record, partition }));
    hub.publish([...inPartition(0, 10), ...inPartition(1, 10), ...inPartition(0, 20).slice(10)]);
    const all = takeAll(hub.subscribe({}, ALL_ORDERS, parsePositionsToken('s.log.0.0')).subscription);
    const ahead = takeAll(hub.subscribe({}, ALL_ORDERS, parsePositionsToken('s.log.0.5')).subscription);
    t.equal(ahead.length, all.length - 5);
    t.match(ahead[0]?.token, /^v\.[0-9a-f]{12}\.log\.1\.5$/, 'its token does not repeat what it has seen');
    t.ok(ahead.slice(10).every((item) => all.includes(item)));
    t.equal(decoded(), 30);
  },
);
