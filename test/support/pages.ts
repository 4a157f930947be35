/** Builds the pages once before the tests, so that the many servers that they start find them. */
import { ensurePages } from '../../src/ops/web.ts';

export async function setup(): Promise<void> {
  await ensurePages((level, message, fields) => {
    if (level === 'error') throw new Error(`${message}: ${JSON.stringify(fields)}`);
  });
}
