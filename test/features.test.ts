import { expect, it } from 'vitest';
import { deciders, effectKinds, loadEffects } from '../src/features.ts';

it('the kinds whose commands go to the back office are those of the effects, and no actor has one of them', async () => {
  const effects = await loadEffects();
  expect([...effectKinds].sort()).toEqual(effects.map(({ kind }) => kind).sort());
  expect(deciders.filter(({ kind }) => effectKinds.has(kind))).toEqual([]);
});
