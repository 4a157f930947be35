import { describe, expect, test } from 'vitest';
import { Admissions } from '../../../src/market/waiting-room/admission.ts';

describe('an admission token', () => {
  const claims = {
    saleId: 'sal_1',
    ticketId: 'tkt_1',
    ticketNumber: 7,
    buyerId: 'acc_1',
    items: [{ sku: 'PS-1', limit: 2 }],
    expiresAtMs: 1_800_000_000_000,
  };

  test('says the same on every gateway, and nothing when it was changed', () => {
    const admissions = new Admissions('a secret that has 32 characters!');
    const token = admissions.sign(claims);
    expect(new Admissions('a secret that has 32 characters!').sign(claims)).toBe(token);
    expect(admissions.verify(token)).toEqual(claims);
    const [payload, signature] = token.split('.') as [string, string];
    for (const changed of [
      '',
      '.',
      payload,
      `${payload}.`,
      `${payload}.${signature.slice(1)}`,
      `${payload}A.${signature}`,
      `.${signature}`,
      `${Buffer.from('[]').toString('base64url')}.${signature}`,
      'x'.repeat(100_000),
    ])
      expect(admissions.verify(changed)).toBeNull();
    expect(new Admissions('another secret of 32 characters!').verify(token)).toBeNull();
  });
});
