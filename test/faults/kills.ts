/** The server killed, frozen, asked to stop, and one of its threads ended: at random moments of a drop. */
import { setTimeout as wait } from 'node:timers/promises';
import { clockAhead } from '../system/server.ts';
import { call } from '../system/shop.ts';
import type { Fault, Round } from './round.ts';
import { freeze, type WorldOptions } from './world.ts';

const shardsOf = (random: () => number) => 1 + Math.floor(random() * 2);
const onRedis = (random: () => number): WorldOptions => ({ journal: 'redis', shards: shardsOf(random) });
const onPostgres = (random: () => number): WorldOptions => ({
  journal: 'postgres',
  shards: shardsOf(random),
});

/** Some moment of the drop: after so many tickets or holds, and a little later. */
async function someMoment(round: Round): Promise<void> {
  if (round.random() < 0.2) await round.until('tickets', 1 + Math.floor(round.random() * 60));
  else await round.until('holds', 1 + Math.floor(round.random() * 22));
  await wait(round.random() * 40);
}

async function startAgain(round: Round, env = {}): Promise<void> {
  const startedAtMs = performance.now();
  await round.world.start(env);
  round.note('back after ms', performance.now() - startedAtMs);
}

async function killAtRandom(round: Round): Promise<void> {
  await someMoment(round);
  await round.world.kill();
  await startAgain(round);
}

async function killInRecovery(round: Round): Promise<void> {
  await someMoment(round);
  await round.world.kill();
  for (let time = 0; time < 2; time++) {
    const child = round.world.launch();
    await wait(200 + round.random() * 1_300);
    child.process.kill('SIGKILL');
    await child.exited;
  }
  await startAgain(round);
}

export const kills: readonly Fault[] = [
  {
    name: 'kill-redis',
    row: '1-4, 12',
    how: 'kill -9 of the server at a random moment, journal in Redis, 1 or 2 shards',
    holds: 'everything acknowledged is there after the restart',
    weight: 9,
    world: onRedis,
    inject: killAtRandom,
  },
  {
    name: 'kill-postgres',
    row: '1-4, 12',
    how: 'the same, journal in PostgreSQL',
    holds: 'everything acknowledged is there after the restart',
    weight: 9,
    world: onPostgres,
    inject: killAtRandom,
  },
  {
    name: 'kill-embedded',
    row: '1-4, 12',
    how: 'the same, embedded PostgreSQL, which outlives the server',
    holds: 'the restart adopts the database; everything acknowledged is there',
    weight: 4,
    world: () => ({ journal: 'embedded' }),
    inject: killAtRandom,
  },
  {
    name: 'kill-recovery-redis',
    row: '3, 12',
    how: 'kill -9, then twice more while the server recovers, journal in Redis',
    holds: 'a recovery can be interrupted anywhere',
    weight: 5,
    world: onRedis,
    inject: killInRecovery,
  },
  {
    name: 'kill-recovery-postgres',
    row: '3, 12',
    how: 'the same, journal in PostgreSQL',
    holds: 'a recovery can be interrupted anywhere',
    weight: 5,
    world: onPostgres,
    inject: killInRecovery,
  },
  {
    name: 'kill-clock-back',
    row: '41',
    how: 'kill -9 of the server at a random moment, its wall clock set back by up to half an hour, 2 shards, journal in PostgreSQL',
    holds: 'everything acknowledged is there, no hold ends early or late, buyers go on',
    weight: 4,
    world: () => ({ journal: 'postgres', shards: 2 }),
    async inject(round) {
      await someMoment(round);
      await round.world.kill();
      const backMs = Math.ceil(round.random() * 1_800_000);
      await startAgain(round, clockAhead(-backMs));
      round.note('clock set back s', backMs / 1_000);
    },
  },
  {
    name: 'shard-restart',
    row: '11',
    how: 'POST /shards/n/restart three times',
    holds: 'callers get busy for a moment; the shard comes back with a new epoch',
    weight: 5,
    world: (random) => ({ journal: random() < 0.5 ? 'redis' : 'postgres', shards: 2 }),
    async inject(round) {
      for (let time = 1; time <= 3; time++) {
        await round.until('holds', time * 6);
        const shard = Math.floor(round.random() * 2);
        const answer = await call({ url: round.world.server.opsUrl }, `POST /shards/${shard}/restart`);
        if (answer.status !== 202) round.fail(`restart was answered ${answer.status}`);
      }
    },
  },
  {
    name: 'sigterm',
    row: '48',
    how: 'SIGTERM at a random moment under load, then a new start',
    holds: 'exit code 0 within 10 s; nothing acknowledged is lost',
    weight: 5,
    world: (random) => (random() < 0.5 ? onRedis(random) : onPostgres(random)),
    async inject(round) {
      await someMoment(round);
      const { code, tookMs } = await round.world.server.end('SIGTERM');
      round.note('stopped after ms', tookMs);
      if (code !== 0) round.fail(`SIGTERM ended with ${code}`);
      if (tookMs > 10_000) round.fail(`SIGTERM took ${Math.round(tookMs)} ms`);
      await startAgain(round);
    },
  },
  {
    name: 'freeze-server',
    row: '13',
    how: 'SIGSTOP of the server for 2 to 10 s, then SIGCONT',
    holds: 'it goes on; time limits are kept; nothing is done twice',
    weight: 4,
    world: (random) => (random() < 0.5 ? onRedis(random) : onPostgres(random)),
    async inject(round) {
      await someMoment(round);
      const seconds = 2 + round.random() * (round.random() < 0.3 ? 8 : 2);
      const thaw = await freeze(round.world.server.pid);
      await wait(seconds * 1_000);
      await thaw();
      round.note('frozen s', seconds);
    },
  },
];
