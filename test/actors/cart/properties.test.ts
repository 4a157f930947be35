/** Whatever is asked of carts in whatever order, they do what a simple count says. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CartCommand, CartView, MergeCart } from '../../../src/actors/cart/commands.ts';
import { cartDecider } from '../../../src/actors/cart/decide.ts';
import { step } from '../given.ts';
import { add } from './story.ts';

const sku = fc.constantFrom('A', 'B', 'C', 'D', 'E');
const quantity = fc.integer({ min: 1, max: 60 });
const command: fc.Arbitrary<CartCommand> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .tuple(sku, quantity, fc.option(fc.constantFrom('i1', 'i2', 'i3')))
      .map(([name, units, additionId]): CartCommand => add(name, units, { additionId })),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('SetQuantity' as const), sku, quantity }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('RemoveFromCart' as const), sku }) },
  { weight: 1, arbitrary: fc.constant<CartCommand>({ type: 'EmptyCart' }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('CartOrdered' as const),
      orderId: fc.constantFrom('o1', 'o2'),
      lines: fc.array(fc.record({ sku, quantity }), { maxLength: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom('m1', 'm2'), fc.uniqueArray(sku), quantity).map(
      ([mergeId, skus, units]): MergeCart => ({
        ...{ type: 'MergeCart', mergeId, currency: 'USD', rates: {}, couponCodes: [] },
        lines: skus.map((name) => {
          const { goods, prices } = add(name);
          return { ...goods, quantity: units, priceAtAdd: prices[0]!, addedAtMs: 0 };
        }),
      }),
    ),
  },
);

/** The cart as a plain count of units, with the ids that were seen. */
class Count {
  units = new Map<string, number>();
  readonly seen = new Set<string>();

  take(command: CartCommand): void {
    switch (command.type) {
      case 'AddToCart': {
        const units = (this.units.get(command.goods.sku) ?? 0) + command.quantity;
        if (units > 99 || this.#isRepeat(command.additionId)) return;
        this.units.set(command.goods.sku, units);
        break;
      }
      case 'SetQuantity':
        if (this.units.has(command.sku)) this.units.set(command.sku, command.quantity);
        break;
      case 'RemoveFromCart':
        this.units.delete(command.sku);
        break;
      case 'EmptyCart':
        this.units.clear();
        break;
      case 'CartOrdered':
        if (this.#isRepeat(command.orderId)) return;
        for (const line of command.lines)
          this.#set(line.sku, (this.units.get(line.sku) ?? 0) - line.quantity);
        break;
      case 'MergeCart':
        if (this.#isRepeat(command.mergeId)) return;
        for (const line of command.lines)
          this.#set(line.sku, Math.min(99, (this.units.get(line.sku) ?? 0) + line.quantity));
        break;
      default:
    }
  }

  #isRepeat(id: string | null): boolean {
    if (id === null) return false;
    if (this.seen.has(id)) return true;
    this.seen.add(id);
    return false;
  }

  #set(name: string, units: number): void {
    if (units > 0) this.units.set(name, units);
    else this.units.delete(name);
  }
}

const unitsIn = (view: CartView) => new Map(view.lines.map((line) => [line.sku, line.quantity]));
const sorted = (units: Map<string, number>) => [...units].sort(([a], [b]) => (a < b ? -1 : 1));

test('edits from many places lose nothing, mergers add within limits, repeats of ids change nothing', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
      const state = cartDecider.initial('acc_1');
      const count = new Count();
      for (const [n, one] of commands.entries()) {
        step(cartDecider, state, one, n);
        count.take(one);
        const { reply } = step(cartDecider, state, { type: 'ReadCart' }, n);
        expect(sorted(unitsIn(reply as CartView))).toEqual(sorted(count.units));
      }
    }),
    { numRuns: 300 },
  );
});

test('a saved cart is the same cart, and goes on the same way', () => {
  fc.assert(
    fc.property(
      fc.array(command, { maxLength: 20 }),
      fc.array(command, { maxLength: 10 }),
      (before, after) => {
        const state = cartDecider.initial('acc_1');
        for (const [n, one] of before.entries()) step(cartDecider, state, one, n);
        step(cartDecider, state, { type: 'HandOverCart', toAccountId: 'acc_2', mergeId: 'm9' }, 50);
        const saved = structuredClone(cartDecider.snapshot(state));
        const restored = cartDecider.restore('acc_1', saved, cartDecider.version);
        expect(restored).toEqual(state);
        for (const [n, one] of after.entries())
          expect(step(cartDecider, restored, one, 60 + n)).toEqual(step(cartDecider, state, one, 60 + n));
        expect(restored).toEqual(state);
      },
    ),
    { numRuns: 200 },
  );
});

test('a version of a saved cart that is not known is refused', () => {
  expect(() => cartDecider.restore('acc_1', {}, 99)).toThrow(/unknown version/);
});
