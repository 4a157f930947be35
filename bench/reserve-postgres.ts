/** S1p: the journal in the embedded PostgreSQL, which is what most people measure first. */

import { runReserve, s1p } from './reserve.ts';
import type { BenchOptions } from './run/options.ts';

export const run = (options: BenchOptions) => runReserve(s1p, options);
