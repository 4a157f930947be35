import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { ClientAddresses } from '../../src/gateway/client-address.ts';
import { KeyHash } from '../../src/gateway/key-hash.ts';

function addresses(env: Record<string, string>) {
  return new ClientAddresses(readConfig(env).addresses, new KeyHash('a secret of this test'), () => {});
}

const behindProxies = addresses({ TRUSTED_PROXIES: '10.0.0.0/8, 127.0.0.1, fd00::/8' });
const seen = (peer: string, forwardedFor: string) => clientOf(behindProxies, peer, forwardedFor).text;

function clientOf(addresses: ClientAddresses, peer: string, forwardedFor = '') {
  return addresses.of(bytesOf(peer), forwardedFor);
}

/** As a socket has it: four bytes, sixteen, or none. */
function bytesOf(address: string): ArrayBuffer {
  if (address === '') return new ArrayBuffer(0);
  if (!address.includes(':')) return Uint8Array.from(address.split('.'), Number).buffer;
  const [left = '', right = ''] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const groups = (text: string) =>
    text
      .split(':')
      .filter(Boolean)
      .map((group) => Number.parseInt(group, 16));
  const [before, after] = [groups(left), groups(right)];
  const zeros = Array(8 - before.length - after.length).fill(0);
  return Uint8Array.from([...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 255]))
    .buffer;
}

describe('the client’s address', () => {
  it.each([
    ['a stranger’s header is not believed', '203.0.113.9', '198.51.100.7', '203.0.113.9'],
    ['a proxy’s is', '10.0.0.1', '198.51.100.7', '198.51.100.7'],
    ['only the rightmost that is no proxy', '10.0.0.1', '192.0.2.1, 198.51.100.7', '198.51.100.7'],
    ['proxies in a row are passed', '10.0.0.1', '192.0.2.1, 198.51.100.7, 10.1.1.1,10.2.2.2', '198.51.100.7'],
    ['a port does not count', '10.0.0.1', '198.51.100.7:4711', '198.51.100.7'],
    ['nor do brackets', '10.0.0.1', '[2001:db8::1]:443', '2001:db8:0:0:0:0:0:1'],
    ['an IPv4 address in IPv6 form is IPv4', '10.0.0.1', '::ffff:198.51.100.7', '198.51.100.7'],
    ['also as a proxy', '::ffff:10.0.0.1', '198.51.100.7', '198.51.100.7'],
    ['also in hexadecimal', '0:0:0:0:0:ffff:a00:1', '198.51.100.7', '198.51.100.7'],
    ['a proxy of IPv6 is one, too', 'fd12::1', '2001:db8:1:2::3', '2001:db8:1:2:0:0:0:3'],
    ['when all are proxies, the first of them asked', '10.0.0.1', '10.3.3.3, 10.2.2.2', '10.3.3.3'],
    ['no header: the proxy itself', '10.0.0.1', '', '10.0.0.1'],
    ['garbage: the proxy itself', '10.0.0.1', 'unknown', '10.0.0.1'],
    ['garbage behind a good proxy: that proxy', '10.0.0.1', '198.51.100.7, _hidden, 10.2.2.2', '10.2.2.2'],
    ['an empty entry is garbage', '10.0.0.1', '198.51.100.7,', '10.0.0.1'],
    ['a zone is garbage', '10.0.0.1', 'fe80::1%eth0', '10.0.0.1'],
    ['a number is garbage', '10.0.0.1', '3325256711', '10.0.0.1'],
    ['leading zeros are garbage', '10.0.0.1', '198.051.100.007', '10.0.0.1'],
    ['a peer without an internet address', '', '198.51.100.7', 'unknown'],
  ])('%s', (_, peer, forwardedFor, client) => {
    expect(seen(peer, forwardedFor)).toBe(client);
  });

  it('of IPv6 counts by its /64, and IPv4 by each', () => {
    const from = (peer: string) => clientOf(behindProxies, peer);
    expect(from('2001:db8:0:1::1').key).toBe(from('2001:0db8:0000:0001:ffff::2').key);
    expect(from('2001:db8:0:1::1').key).not.toBe(from('2001:db8:0:2::1').key);
    expect(from('::ffff:10.0.0.1').key).not.toBe(from('::ffff:10.0.0.2').key);
    expect(from('::ffff:9.0.0.1')).toEqual(from('9.0.0.1'));
    expect(from('2001:db8:0:1::1').lo).toBe(from('2001:db8:0:1::2').lo);
  });
});

it('is remembered without the header that it came in', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  const some = addresses({ TRUSTED_PROXIES: '10.0.0.0/8' });
  const longAddress = (n: number) => `2001:db8:${n.toString(16)}:aaaa:bbbb:cccc:dddd:eeee`;
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let n = 0; n < 4_000; n++)
    clientOf(some, '10.0.0.1', Buffer.from(`${'x'.repeat(16_000)}, ${longAddress(n)}`).toString('latin1'));
  collect();
  expect((process.memoryUsage().heapUsed - before) / 4_000).toBeLessThan(4_000);
  expect(clientOf(some, '10.0.0.1', longAddress(1)).text).toContain('2001:db8:1:');
});

describe('without limits by address', () => {
  it('is loopback, unless a proxy there does not say who is behind it', () => {
    const local = addresses({ TRUSTED_PROXIES: '127.0.0.1' });
    expect(clientOf(addresses({}), '127.0.0.1', '').isExempt).toBe(true);
    expect(clientOf(addresses({}), '0:0:0:0:0:0:0:1', '').isExempt).toBe(true);
    expect(clientOf(addresses({}), '::ffff:127.0.0.1', '').isExempt).toBe(true);
    expect(clientOf(local, '127.0.0.1', '127.0.0.1').isExempt).toBe(true);
    for (const header of ['', 'unknown', '198.51.100.7', '127.0.0.9, nonsense', ','.repeat(16_000)])
      expect(clientOf(local, '127.0.0.1', header).isExempt, header.slice(0, 20)).toBe(false);
  });

  it('is nobody when RATE_EXEMPT is empty, and whoever is listed otherwise', () => {
    expect(clientOf(addresses({ RATE_EXEMPT: '' }), '127.0.0.1', '').isExempt).toBe(false);
    const office = addresses({ RATE_EXEMPT: '192.0.2.0/24' });
    expect(clientOf(office, '192.0.2.77', '').isExempt).toBe(true);
    expect(clientOf(office, '127.0.0.1', '').isExempt).toBe(false);
  });
});

describe('whatever X-Forwarded-For says', () => {
  it('the answer is an address of the header or the proxy’s, and nothing before the first stranger counts', () => {
    const entry = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.ipV4().map((ip) => ` 10.${ip.split('.').slice(1).join('.')}`),
      fc.string(),
      fc.constant(','),
    );
    fc.assert(
      fc.property(fc.array(entry), fc.array(entry), (said, entries) => {
        const header = entries.join(',');
        const client = clientOf(behindProxies, '10.0.0.1', header);
        expect(client.text).toMatch(/^[\da-f.:]+$/);
        const stranger = '198.51.100.7';
        expect(seen('10.0.0.1', [...said, stranger].join(','))).toBe(stranger);
        expect(seen('203.0.113.9', header)).toBe('203.0.113.9');
      }),
    );
  });

  it.each([
    ['commas', ','],
    ['proxies', '10.0.0.1,'],
    ['colons', ':'],
    ['digits', '1'],
    ['brackets', '['],
    ['spaces', ' '],
    ['strangers', '198.51.100.7,'],
  ])('16 KiB of %s are read within a millisecond', (_, piece) => {
    const header = piece.repeat(16_384 / piece.length);
    const tookMs = Array.from({ length: 20 }, (_, i) => {
      const startedAtMs = performance.now();
      seen('10.0.0.1', `${header}${i}x`);
      return performance.now() - startedAtMs;
    });
    expect(Math.min(...tookMs)).toBeLessThan(1);
    expect(seen('10.0.0.1', header)).toMatch(/^10\./);
  });
});
