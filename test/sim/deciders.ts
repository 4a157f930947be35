/** The engine's own deciders. A SKU is saved in blocks of a few rows, so that the few holds of a simulation fill some. */
import { skuDecider } from '../../src/actors/sku/decide.ts';
import { snapshotSkuInSlices } from '../../src/actors/sku/snapshot.ts';
import { deciders as real } from '../../src/features.ts';
import { type AnyDecider, register } from '../../src/protocol/decider.ts';
import { runToEnd } from '../../src/protocol/slices.ts';

const rowsPerBlock = 3;

const sku = register({
  ...skuDecider,
  snapshot: (state) => runToEnd(snapshotSkuInSlices(state, rowsPerBlock)),
  snapshotInSlices: (state) => snapshotSkuInSlices(state, rowsPerBlock),
});

export const deciders: readonly AnyDecider[] = real.map((each) => (each.kind === sku.kind ? sku : each));
