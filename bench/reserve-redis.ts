/** S1: the journal in Redis, `appendfsync always`. */

import { runReserve, s1 } from './reserve.ts';
import type { BenchOptions } from './run/options.ts';

export const run = (options: BenchOptions) => runReserve(s1, options);
