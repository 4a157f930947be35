import { describe, expect, it } from 'vitest';
import { deciders, effectKinds, loadEffects, loadProjections } from '../src/features.ts';
import { takes } from '../src/persistence/projection.ts';
import type { AnyEvent } from '../src/protocol/decider.ts';

it('the kinds whose commands go to the back office are those of the effects, and no actor has one of them', async () => {
  const effects = await loadEffects();
  expect([...effectKinds].sort()).toEqual(effects.map(({ kind }) => kind).sort());
  expect(deciders.filter(({ kind }) => effectKinds.has(kind))).toEqual([]);
});

describe('what a later release wrote is never taken in silence', () => {
  // Of an actor of which something is known.
  const first: Readonly<Record<string, object>> = {
    sku: { type: 'SkuRegistered', stock: 1, price: { amount: 1, currency: 'USD' } },
    sale: { type: 'SaleCreated', items: [], queueing: {}, atMs: 1 },
    order: { type: 'OrderPlaced', holds: [], atMs: 1, payByMs: 2 },
    idempotency: { type: 'RequestBegun', key: 'k', atMs: 1 },
    cart: { type: 'CartCurrencySet', currency: 'USD', rates: {}, isChosen: true, atMs: 1 },
    coupon: { type: 'CouponDefined', kind: 'coupon', terms: {}, atMs: 1 },
  };

  it.each(deciders.map((decider) => [decider.kind, decider] as const))(
    '%s refuses an event that it does not know, and a snapshot of another version',
    (kind, decider) => {
      const state = decider.initial('x');
      decider.evolve(state, first[kind] as AnyEvent);
      const before = structuredClone(decider.snapshot(state));
      for (const type of ['NeverHeardOf', 'constructor', ''])
        expect(() => decider.evolve(state, { type })).toThrow(/is not known/);
      expect(structuredClone(decider.snapshot(state)) as object).toMatchObject(
        kind === 'order' ? { status: 'pending' } : (before as object),
      );
      for (const version of [decider.version + 1, 0, -1])
        expect(() => decider.restore('x', structuredClone(before), version)).toThrow(/unknown version/);
      decider.restore('x', before, decider.version);
    },
  );

  it('each projection says of every event whether it takes it, and refuses others', async () => {
    for (const projection of await loadProjections()) {
      const { kind } = projection;
      expect(() => takes(projection, { kind, key: 'x', event: { type: 'constructor' } })).toThrow(
        /is not known/,
      );
      expect(takes(projection, { kind: 'another', key: 'x', event: { type: 'constructor' } })).toBe(false);
    }
  });
});
