import { describe, expect, it } from 'vitest';
import { strangerAt } from '../../src/protocol/local-door.ts';

const hosts = ['ops.shop.internal'];
const at = (...headers: [name: string, value: string][]) => strangerAt(headers.flat(), hosts);

describe('a door on loopback', () => {
  it.each([
    '127.0.0.1:9090',
    '127.0.0.1',
    '127.8.9.10:1',
    'localhost:9090',
    'LOCALHOST',
    '[::1]:9090',
    '[::1]',
    'ops.shop.internal',
    'Ops.Shop.Internal:9090',
  ])('is open under the name %s', (host) => {
    expect(at(['Host', host])).toBeNull();
    expect(at(['hOsT', host], ['Sec-Fetch-Site', 'none'])).toBeNull();
    expect(at(['Host', host], ['Sec-Fetch-Site', 'same-origin'])).toBeNull();
  });

  it.each([
    'evil.example',
    'evil.example:9090',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    'evil.example:127.0.0.1',
    '1127.0.0.1',
    '0.0.0.0:9090',
    '192.168.0.7',
    '[::2]:9090',
    '[2001:db8::1]',
    '::1',
    '',
    'shop.internal',
  ])('is closed under the name "%s"', (host) => {
    expect(at(['Host', host])).toMatch(/OPS_HOSTS/);
  });

  it('wants one Host, neither none nor two', () => {
    expect(at()).toMatch(/one Host/);
    expect(at(['Host', 'localhost'], ['Host', 'localhost'])).toMatch(/one Host/);
    expect(at(['Host', 'localhost'], ['host', 'evil.example'])).toMatch(/one Host/);
    expect(at(['X', 'Host'], ['Host', 'localhost'])).toBeNull();
  });

  it.each(['null', 'http://127.0.0.1:9090', 'https://evil.example', ''])(
    'is closed to the origin "%s"',
    (origin) => {
      expect(at(['Host', 'localhost'], ['Origin', origin])).toMatch(/browser/);
    },
  );

  it.each(['cross-site', 'same-site', 'Cross-Site', 'none, cross-site', 'something-new'])(
    'is closed to a fetch that is %s',
    (site) => {
      expect(at(['Host', 'localhost'], ['Sec-Fetch-Site', site])).toMatch(/another site/);
      expect(at(['Host', 'localhost'], ['sec-fetch-site', 'none'], ['Sec-Fetch-Site', site])).toMatch(
        /another site/,
      );
    },
  );
});
