/**
 * No request holds a gateway's thread: the worst that 64 KiB of body, 16 KiB of head or a frame can ask of each route's
 * own schemas, through the code that reads it.
 *
 * The bound is a time, so it is measured so that a busy machine cannot break it: by the processor's time as well as by
 * the clock, of many runs the best one counts, and there is another run only while the best is above the bound. What
 * grows with the square of its input is above it always, by a factor of a hundred.
 */
import { describe, expect, it } from 'vitest';
import { loadRoutes } from '../../src/features.ts';
import { versionsOf } from '../../src/gateway/etag.ts';
import { checkKey } from '../../src/gateway/idempotency.ts';
import { decode } from '../../src/gateway/live/codec.ts';
import { bodyBytesMax, parseBody } from '../../src/gateway/request.ts';
import type { Route } from '../../src/gateway/route.ts';
import { type Match, Router, readsBody } from '../../src/gateway/router.ts';
import { Admissions } from '../../src/market/waiting-room/admission.ts';
import { decodeCursor, idPart, instantPart } from '../../src/persistence/cursor.ts';
import { DoorbusterError } from '../../src/protocol/errors.ts';
import { type Place, placesOf, sampleOf, withAt } from './schema-samples.ts';

const msMax = 20;
const runsMax = 60;
const headBytesMax = 16 * 1024;

const routes = await loadRoutes();
const router = new Router(routes);
/** Aliases have their routes' schemas: one that names its fields anew stands for all. */
const withBody = routes.filter(
  (route) => readsBody(route) && (!route.isDeprecated || route.path === '/items'),
);

/** The best time of a few runs; what is thrown must be a refusal. */
function costOf(work: () => unknown): number {
  let bestMs = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runsMax && bestMs > msMax; run++) {
    const startedAtMs = performance.now();
    const before = process.cpuUsage();
    try {
      work();
    } catch (error) {
      if (!(error instanceof DoorbusterError)) throw error;
      expect(JSON.stringify(error.details).length).toBeLessThan(20_000);
    }
    const { user, system } = process.cpuUsage(before);
    bestMs = Math.min(bestMs, performance.now() - startedAtMs, (user + system) / 1_000);
  }
  return bestMs;
}

/** Texts that are hard on patterns, as long as they may be. */
const hard = (charsMax: number): string[] =>
  [
    'a',
    '@',
    'a@a.',
    'a.',
    '-',
    ' ',
    '1',
    '1 ',
    '4242 ',
    '4242-4242 4242 4242 0 ',
    '/',
    '~',
    '%20',
    '2027-',
    'é',
    '\u200b',
    '\u00a0',
    '\u{1f3f4}',
    '\u{1f3f4}\u{e0067}',
    '\n',
  ].flatMap((shape) => {
    const long = shape.repeat(Math.floor(charsMax / Buffer.byteLength(shape)));
    // What no address can end with, so that a pattern that may begin anew at each dot tries them all.
    const domain = `x@${long.slice(0, -4)}`;
    return [long, `${long.slice(0, -3)}\u0001`, `${domain}!`, `${domain} `, `${domain}@`];
  });

const fill = (part: (n: number) => string, between = ','): string => {
  const parts: string[] = [];
  for (let bytes = 0, n = 0; bytes < bodyBytesMax - 200; n++) {
    parts.push(part(n));
    bytes += Buffer.byteLength(parts.at(-1)!) + 1;
  }
  return parts.join(between);
};

/** Bodies that are hard whatever the schema. */
const hardAnyway: string[] = [
  '['.repeat(bodyBytesMax),
  `${'['.repeat(32_000)}${']'.repeat(32_000)}`,
  `${'{"a":'.repeat(12_000)}1${'}'.repeat(5_000)}`,
  `{${fill((n) => `"k${n}":0`)}}`,
  `{${fill(() => '"k":0')}}`,
  `{${fill(() => '"":0')}}`,
  `{"${'k'.repeat(64_000)}":0}`,
  `{"${'~/'.repeat(32_000)}":0}`,
  `{"${'\\u0041'.repeat(10_000)}":0}`,
  `{"a":${'1'.repeat(64_000)}}`,
  `{"a":0.${'0'.repeat(64_000)}1}`,
  `{"a":1${'0'.repeat(63_000)}1e-63000}`,
  `{"a":[${fill(() => '1e5')}]}`,
  `{"a":[${fill((n) => `${n}.1234567890123456789`)}]}`,
  `{"a":[${fill(() => '12345678901234567')}]}`,
  `{"number":[${fill(() => '"4242 4242 4242 4241"')}]}`,
  `{"card":"${'4242 4242 4242 4241 '.repeat(3_000)}"}`,
  `{"a":"${'1'.repeat(64_000)}"}`,
  `{"a":"${'1 '.repeat(32_000)}"}`,
  `{"a":"${'\\\\'.repeat(32_000)}"}`,
  `{"a":"${'\\ud83d\\ude00'.repeat(5_000)}"}`,
  `{${fill((n) => `"__proto__":${n}`)}}`,
  `[${fill(() => '{}')}]`,
];

function bodiesAt(sample: unknown, { steps, schema }: Place): string[] {
  const put = (part: unknown) => JSON.stringify(withAt(sample, steps, part));
  // A text's last bytes are what its quotes, escapes and the other fields need.
  const bytesLeft = bodyBytesMax - Buffer.byteLength(JSON.stringify(sample)) - 100;
  const inBody = (text: string) => Buffer.byteLength(text) <= bodyBytesMax;
  if (schema.type === 'string') return [bytesLeft, 2_000, 254].flatMap(hard).map(put).filter(inBody);
  if (schema.type === 'array') {
    const item = JSON.stringify(sampleOf(schema.items ?? {}));
    const whole = put('@items@');
    return [item, '0', '""', '"a"', '[]', 'null']
      .map(
        (one) =>
          `[${Array(Math.floor(bytesLeft / (one.length + 1)))
            .fill(one)
            .join()}]`,
      )
      .concat(
        `[${fill((n) => `"${n}"`)
          .slice(0, bytesLeft)
          .replace(/,[^,]*$/, '')}]`,
      )
      .map((items) => whole.replace('"@items@"', items))
      .filter(inBody);
  }
  if (schema.type !== 'object') return [];
  const names = fill((n) => `"k${n}":"v"`)
    .slice(0, bytesLeft)
    .replace(/,[^,]*$/, '');
  return [put('@more@').replace('"@more@"', `{${names}}`)].filter(inBody);
}

const matchOf = ({ method, path }: Route) => router.find(method, path.replace(/\{\w+\}/g, 'x')) as Match;

describe('no request holds a thread for 20 ms', () => {
  it.each(withBody.map((route) => [`${route.method} ${route.path}`, route] as const))(
    'the worst bodies of %s',
    (_, route) => {
      const { compiled } = matchOf(route);
      const sample = route.body === undefined ? {} : sampleOf(route.body);
      const places = route.body === undefined ? [] : placesOf(route.body);
      const bodies = [...hardAnyway, ...places.flatMap((place) => bodiesAt(sample, place))];
      const slow = bodies.flatMap((body) => {
        const bytes = Buffer.from(body);
        const ms = costOf(() => compiled.checkBody(parseBody(bytes, 'application/json')));
        return ms > msMax ? [`${ms.toFixed()} ms for ${body.length} bytes: ${body.slice(0, 80)}`] : [];
      });
      expect(slow).toEqual([]);
    },
    120_000,
  );

  it('the worst queries of every route', () => {
    const queries = hard(headBytesMax / 3).flatMap((text) => {
      const sent = encodeURIComponent(text.toWellFormed()).slice(0, headBytesMax).replace(/%.?$/, '');
      return [`cursor=${sent}`, `category=${sent}`, `seller=${sent}`, `${sent}=1`, `limit=${sent}`];
    });
    queries.push('&'.repeat(headBytesMax), 'a&'.repeat(headBytesMax / 2), '%'.repeat(headBytesMax));
    queries.push(Array.from({ length: 3_000 }, (_, n) => `k${n}=`).join('&'));
    for (const route of routes) {
      const { compiled } = matchOf(route);
      for (const query of queries)
        expect([query.slice(0, 50), costOf(() => compiled.readQuery(query)) > msMax]).toEqual([
          query.slice(0, 50),
          false,
        ]);
    }
  });

  it('the worst paths, headers and cursors', () => {
    const admissions = new Admissions('a secret of this test');
    for (const text of hard(headBytesMax)) {
      const works = [
        () => router.find('GET', `/v1/sales/${encodeURIComponent(text.toWellFormed())}`),
        () => router.find('GET', text),
        () => checkKey(text),
        () => versionsOf(text),
        () => versionsOf('"1",'.repeat(headBytesMax / 4)),
        () => versionsOf(`"1"${' '.repeat(headBytesMax)}x`),
        () => admissions.verify(text),
        () => admissions.verify(`${text.slice(0, 6_000)}.${text.slice(0, 2_000)}`),
        () => parseBody(Buffer.from('{}'), text),
        () => parseBody(Buffer.from('{}'), `application/json;${text}`),
        () =>
          decodeCursor(Buffer.from(`["sales",${text}]`).toString('base64url'), 'sales', [
            instantPart,
            idPart('sale'),
          ]),
      ];
      for (const work of works)
        expect([text.slice(0, 20), costOf(work) > msMax]).toEqual([text.slice(0, 20), false]);
    }
  });

  it('the worst frames of both protocols', () => {
    const bytes = 16 * 1024;
    const frames: [Buffer, boolean][] = [
      ...hardAnyway.map((text): [Buffer, boolean] => [Buffer.from(text).subarray(0, bytes), false]),
      ...hardAnyway.map((text): [Buffer, boolean] => [
        Buffer.from(text.slice(0, 8_000) + text.slice(-1_000)),
        false,
      ]),
      ...[0x91, 0x81, 0xdc, 0xdd, 0xde, 0xdf, 0xdb, 0xcf, 0xc1, 0xc7, 0xa1, 0x61].map(
        (byte): [Buffer, boolean] => [Buffer.alloc(bytes, byte), true],
      ),
      // One map of many names, and the same name always.
      [
        Buffer.concat([
          Buffer.from([0xde, 0x0f, 0xff]),
          Buffer.alloc(3 * 0xfff, Buffer.from([0xa1, 0x61, 0x00])),
        ]),
        true,
      ],
      [Buffer.concat([Buffer.from([0xdf, 0xff, 0xff, 0xff, 0xff]), Buffer.alloc(bytes)]), true],
    ];
    for (const [frame, isBinary] of frames) {
      const message = new Uint8Array(frame).buffer as ArrayBuffer;
      expect([
        frame.subarray(0, 20).toString('hex'),
        costOf(() => decode(message, isBinary)) > msMax,
      ]).toEqual([frame.subarray(0, 20).toString('hex'), false]);
    }
  });
});
