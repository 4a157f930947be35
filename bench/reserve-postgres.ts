/** S1p: the journal in the embedded PostgreSQL, which is what most people measure first. */
import type { BenchOptions } from './options.ts';
import { runReserve, s1p } from './reserve.ts';

export const run = (options: BenchOptions) => runReserve(s1p, options);
