import type { NewOrder } from '../../src/order/order.ts';

/** A number from 0 (inclusive) to 1 (exclusive). */
export type Random = () => number;

const CUSTOMERS = 400;

interface MenuItem {
  sku: string;
  name: string;
  unitPrice: number;
}

interface Menu {
  merchantId: string;
  items: [MenuItem, ...MenuItem[]];
}

const MENUS: [Menu, ...Menu[]] = [
  {
    merchantId: 'spice-route',
    items: [
      { sku: 'biryani', name: 'Hyderabadi biryani', unitPrice: 32_000 },
      { sku: 'raita', name: 'Cucumber raita', unitPrice: 6_000 },
      { sku: 'gulab-jamun', name: 'Gulab jamun', unitPrice: 9_000 },
    ],
  },
  {
    merchantId: 'dosa-corner',
    items: [
      { sku: 'masala-dosa', name: 'Masala dosa', unitPrice: 14_000 },
      { sku: 'idli', name: 'Idli, four pieces', unitPrice: 8_000 },
      { sku: 'filter-coffee', name: 'Filter coffee', unitPrice: 4_500 },
    ],
  },
  {
    merchantId: 'green-grocer',
    items: [
      { sku: 'mango', name: 'Alphonso mango', unitPrice: 18_000 },
      { sku: 'coriander', name: 'Fresh coriander', unitPrice: 2_000 },
      { sku: 'basmati', name: 'Basmati rice, 1 kg', unitPrice: 16_500 },
    ],
  },
  {
    merchantId: 'tandoor-house',
    items: [
      { sku: 'naan', name: 'Butter naan', unitPrice: 5_000 },
      { sku: 'paneer-tikka', name: 'Paneer tikka', unitPrice: 26_000 },
      { sku: 'lassi', name: 'Sweet lassi', unitPrice: 9_500 },
    ],
  },
];

export function randomOrder(random: Random): NewOrder {
  const menu = pick(MENUS, random);
  const items = menu.items.filter(() => random() < 0.5);
  return {
    customerId: `c-${1 + Math.floor(random() * CUSTOMERS)}`,
    merchantId: menu.merchantId,
    currency: 'INR',
    items: (items.length > 0 ? items : [menu.items[0]]).map((item) => ({
      ...item,
      quantity: 1 + Math.floor(random() * 3),
    })),
    metadata: { channel: 'simulation' },
  };
}

export interface Step {
  to: 'preparing' | 'dispatched' | 'delivered' | 'cancelled';
  /** after the previous step */
  afterMs: number;
}

/** Share of orders that are cancelled, half of them while being prepared. */
const CANCELLED = 1 / 12;

export function randomSteps(random: Random): Step[] {
  const step = (to: Step['to'], fromMs: number, toMs: number): Step => {
    return { to, afterMs: Math.round(fromMs + random() * (toMs - fromMs)) };
  };
  const preparing = step('preparing', 300, 1_500);
  if (random() < CANCELLED) {
    const cancelled = step('cancelled', 100, 1_200);
    return random() < 0.5 ? [cancelled] : [preparing, cancelled];
  }
  return [preparing, step('dispatched', 600, 2_500), step('delivered', 600, 2_500)];
}

function pick<T>(choices: readonly [T, ...T[]], random: Random): T {
  return choices[Math.floor(random() * choices.length)] ?? choices[0];
}
