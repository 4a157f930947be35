import { createHmac, randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { deriveKey } from '../../../src/gateway/derive-key.ts';
import { Admissions } from '../../../src/market/waiting-room/admission.ts';

describe('an admission token', () => {
  const claims = {
    saleId: 'sal_1',
    ticketId: 'tkt_1',
    ticketNumber: 7,
    buyerId: 'acc_1',
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

  test('case 07: does not grow with the sale, and one that was given out with its SKUs still says the same', () => {
    const admissions = new Admissions('a secret that has 32 characters!');
    const ids = {
      saleId: `sal_${randomUUID()}`,
      ticketId: `tkt_${randomUUID()}`,
      buyerId: `acc_${randomUUID()}`,
    };
    const largest = { ...ids, ticketNumber: 4_000_000, expiresAtMs: 8_640_000_000_000_000 };
    expect(admissions.sign(largest).length).toBeLessThan(300);
    // As the version before made them: made here, with the key that it derived.
    const items = Array.from({ length: 50 }, (_, i) => [`SKU-${i}`.padEnd(30, 'x'), 2]);
    const { saleId, ticketId, ticketNumber, buyerId, expiresAtMs } = claims;
    const earlier = [saleId, ticketId, ticketNumber, buyerId, items, expiresAtMs];
    const payload = Buffer.from(JSON.stringify(earlier)).toString('base64url');
    const key = deriveKey('a secret that has 32 characters!', 'admission token v1');
    const signature = createHmac('sha256', key).update(payload).digest('base64url');
    expect(admissions.verify(`${payload}.${signature}`)).toEqual(claims);
  });

  test('is known again for its buyer only, as it is, and the newest one as well as an earlier one', () => {
    const admissions = new Admissions('a secret that has 32 characters!');
    const earlier = admissions.sign(claims);
    const later = { ...claims, expiresAtMs: claims.expiresAtMs + 1 };
    const newest = admissions.sign(later);
    expect(newest).not.toBe(earlier);
    for (let times = 0; times < 2; times++) {
      expect(admissions.claimsOf(newest, claims.buyerId)).toEqual(later);
      expect(admissions.claimsOf(earlier, claims.buyerId)).toEqual(claims);
      expect(admissions.claimsOf(newest, 'acc_2')?.buyerId).toBe(claims.buyerId);
      expect(admissions.claimsOf(`${newest.slice(0, -2)}AA`, claims.buyerId)).toBeNull();
      expect([admissions.sign(claims), admissions.sign(later)]).toEqual([earlier, newest]);
    }
  });
});
