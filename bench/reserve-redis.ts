/** S1: the journal in Redis, `appendfsync always`. */
import type { BenchOptions } from './options.ts';
import { runReserve, s1 } from './reserve.ts';

export const run = (options: BenchOptions) => runReserve(s1, options);
