/** Redis, with the journal in it: away, paused, slow, restarted, killed, full, and its answers lost. */
import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { longDrop, outage } from './outage.ts';
import type { Fault, Round } from './round.ts';
import { inRedis } from './steps.ts';
import { freeze } from './world.ts';

async function stopped(round: Round, seconds: number): Promise<void> {
  const { server } = round.world.redis!;
  await round.until('holds', 3 + Math.floor(round.random() * 6));
  await outage(round, {
    name: 'Redis stopped',
    seconds,
    kind: 'silent',
    begin: () => server.halt(round.random() < 0.5 ? 'SIGKILL' : 'SIGTERM'),
    end: () => server.resume(),
  });
}

async function configure(round: Round, name: string, value: string): Promise<void> {
  const redis = new Redis(round.world.redis!.server.url, { lazyConnect: true });
  await redis.connect();
  await redis.config('SET', name, value);
  redis.disconnect();
}

export const redisFaults: readonly Fault[] = [
  {
    name: 'redis-stopped',
    row: '15',
    how: 'Redis ended (in order or by kill -9) for 3 to 8 s under load, then started',
    holds: 'refusals within 250 ms, nothing acknowledged, service within 2 s of the return, memory bounded',
    weight: 4,
    drop: longDrop(6),
    world: inRedis,
    inject: (round) => stopped(round, 3 + Math.round(round.random() * 5)),
  },
  {
    name: 'redis-stopped-60s',
    row: '15',
    how: 'the same for 60 s',
    holds: 'the same',
    weight: 1,
    drop: longDrop(15),
    secondsMax: 180,
    world: inRedis,
    inject: (round) => stopped(round, 60),
  },
  {
    name: 'redis-paused',
    row: '16',
    how: 'SIGSTOP of Redis for 1 to 5 s',
    holds: 'as stopped: connections stay, answers do not come',
    weight: 3,
    drop: longDrop(5),
    world: inRedis,
    async inject(round) {
      let thaw = async () => {};
      await round.until('holds', 3 + Math.floor(round.random() * 6));
      await outage(round, {
        name: 'Redis paused',
        seconds: 1 + Math.round(round.random() * 4),
        kind: 'silent',
        begin: async () => {
          thaw = await freeze(round.world.redis!.server.pid);
        },
        end: () => thaw(),
      });
    },
  },
  {
    name: 'redis-slow',
    row: '16',
    how: 'every answer of Redis comes 50 to 500 ms later, for 5 s',
    holds: 'batches grow; what is accepted is true; nothing piles up',
    weight: 2,
    drop: longDrop(5),
    world: inRedis,
    async inject(round) {
      const ms = 50 + Math.round(round.random() * 450);
      await round.until('holds', 3);
      round.note('latency ms', ms);
      await outage(round, {
        name: 'Redis slow',
        seconds: 5,
        kind: 'serving',
        begin: async () => round.world.redis!.link.delay(ms / 2),
        end: async () => round.world.redis!.link.delay(0),
      });
    },
  },
  {
    name: 'redis-restarted',
    row: '17',
    how: 'Redis restarted in order three times under load',
    holds: 'LOADING and new connections are handled; the tail is compared before the first append',
    weight: 4,
    world: inRedis,
    inject: (round) => restarts(round, 'SIGTERM'),
  },
  {
    name: 'redis-killed',
    row: '18',
    how: 'Redis killed with -9 and started at once, three times, appendfsync always',
    holds: 'with `always` nothing is lost',
    weight: 4,
    world: inRedis,
    inject: (round) => restarts(round, 'SIGKILL'),
  },
  {
    name: 'redis-reply-lost',
    row: '21',
    how: 'connections cut after the write, before its answer, six times',
    holds: 'an append whose answer was lost is found, or sent again under the same id: once',
    weight: 5,
    world: inRedis,
    async inject(round) {
      const { link } = round.world.redis!;
      for (let time = 1; time <= 6; time++) {
        await round.until('holds', time * 3);
        link.loseReplies(round.world.appends);
        await wait(30 + round.random() * 100);
        link.release();
      }
      round.note('replies lost', link.lostReplies);
      if (link.lostReplies === 0) round.fail('no reply was lost');
    },
  },
  {
    name: 'redis-full',
    row: '19',
    how: 'maxmemory 1 with noeviction for 3 s: Redis answers OOM to every write',
    holds: 'as stopped',
    weight: 3,
    drop: longDrop(4),
    world: inRedis,
    async inject(round) {
      await round.until('holds', 4);
      await outage(round, {
        name: 'Redis full',
        seconds: 3,
        kind: 'silent',
        begin: () => configure(round, 'maxmemory', '1'),
        end: () => configure(round, 'maxmemory', '0'),
      });
    },
  },
];

async function restarts(round: Round, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  const { server } = round.world.redis!;
  for (let time = 1; time <= 3; time++) {
    await round.until('holds', time * 6);
    await server.halt(signal);
    await server.resume();
  }
}
