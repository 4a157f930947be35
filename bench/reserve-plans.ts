/** The questions about a reserve over HTTP that `reserve.ts` answers. */
import { armsOf } from './alternate.ts';
import type { ReservePlan } from './reserve.ts';

const all = [1, 8, 16, 32, 64, 128, 256];

export const s1: ReservePlan = {
  name: 'S1',
  question: 'a durable reserve over HTTP, one hot SKU, Redis appendfsync always',
  journal: 'redis',
  variants: armsOf('ours', 'before', 'lua', 'postgres', 'echo'),
  ...{ connections: all, skus: 1 },
  bounds: [
    { connections: 64, over: 'lua', wanted: '>= 1.4' },
    { connections: 256, over: 'lua', wanted: '>= 1.8' },
    { connections: 64, over: 'echo', wanted: '>= 0.33' },
    { connections: 256, over: 'echo', wanted: '>= 0.55' },
    { connections: 64, over: 'postgres', wanted: '>= 8' },
    { connections: 64, us: 'server', wanted: '<= 28' },
    { connections: 256, us: 'server', wanted: '<= 20' },
    { connections: 64, us: 'shard', wanted: '<= 5' },
    { connections: 64, us: 'redis', wanted: '<= 3' },
  ],
};

export const s1p: ReservePlan = {
  name: 'S1p',
  question: 'a durable reserve over HTTP, one hot SKU, journal in the embedded PostgreSQL',
  journal: 'postgres',
  variants: armsOf('ours', 'before', 'postgres'),
  ...{ connections: all, skus: 1 },
  bounds: [
    { connections: 64, over: 'postgres', wanted: '>= 8' },
    { connections: 256, over: 'postgres', wanted: '>= 8' },
  ],
};

export const s3: ReservePlan = {
  name: 'S3',
  question: 'a durable reserve over HTTP, 10,000 SKUs uniform, Redis appendfsync always',
  journal: 'redis',
  variants: armsOf('ours', 'before', 'lua', 'postgres'),
  ...{ connections: [64, 256], skus: 10_000 },
  bounds: [64, 256].flatMap((connections) => [
    { connections, over: 'lua', wanted: '>= 2' },
    { connections, over: 'postgres', wanted: '>= 2' },
  ]),
};

const grown = (label: string, more: { env?: Record<string, string>; skus?: number }) => ({
  ...{ label, arm: 'ours' as const },
  ...more,
});

export const s13: ReservePlan = {
  name: 'S13',
  question: 'what a reserve costs more as shards, gateways and SKUs become more (tickets: S6)',
  journal: 'redis',
  variants: [
    grown('1 shard, 1 gateway', { env: { SHARDS: '1', GATEWAYS: '1' } }),
    grown('2 shards, 1 gateway', { env: { SHARDS: '2', GATEWAYS: '1' } }),
    grown('1 shard, 2 gateways', { env: { SHARDS: '1', GATEWAYS: '2' } }),
    grown('2 shards, 2 gateways', { env: { SHARDS: '2', GATEWAYS: '2' } }),
    ...[10, 100, 1_000, 10_000, 100_000].map((skus) =>
      grown(`${skus.toLocaleString('en-US')} SKUs`, { skus }),
    ),
  ],
  ...{ connections: [64], skus: 1 },
  bounds: [],
};
