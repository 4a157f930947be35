import { expect, test } from 'vitest';
import { DoorbusterError } from '../../src/protocol/errors.ts';

test('a fault with a code has no stack, and whatever else is thrown has one', () => {
  const refusal = new DoorbusterError('sold_out', 'All units are held or sold');
  expect(refusal.stack).not.toMatch(/\n\s+at /);
  expect(refusal.message).toBe('All units are held or sold');
  expect(new Error('a bug').stack).toMatch(/\n\s+at /);
});
