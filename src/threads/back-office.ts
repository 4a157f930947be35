/** The back office: projections of the journal into tables, and the effects that actors ask for. */
import { actorKinds, type EffectSettings, loadEffects, loadJobs, loadProjections } from '../features.ts';
import { createLog } from '../ops/log.ts';
import { openJournal } from '../persistence/journal/open.ts';
import { openPool } from '../persistence/postgres.ts';
import { allPartitions, evenSpread } from '../protocol/address.ts';
import { startClock } from '../runtime/clock.ts';
import { startEffects } from '../runtime/effect-runner.ts';
import { EngineClient } from '../runtime/engine-client.ts';
import { JobRunner } from '../runtime/job-runner.ts';
import { followPositions, positionsOf } from '../runtime/positions.ts';
import { Projector } from '../runtime/projector.ts';
import type { Thread } from '../runtime/thread.ts';
import type { SharedData } from './shared.ts';

export interface BackOfficeData extends SharedData {
  readonly settings: EffectSettings;
  readonly dataDir: string;
}

export async function run(thread: Thread, data: BackOfficeData): Promise<void> {
  const log = createLog(data.log, { thread: 'back-office' });
  const clock = startClock(data.clock);
  const pool = openPool(data.databaseUrl, { max: 4, name: 'back-office' });
  const journal = await openJournal(data.redisUrl, pool, log);
  const engine = new EngineClient(thread, evenSpread(data.shardCount));
  const projector = new Projector({
    ...{ projections: await loadProjections(), kinds: actorKinds },
    ...{ journal, pool, log },
  });
  projector.serve(allPartitions);
  const stopFollowing = followPositions(engine, (partition, seq) => projector.advance(partition, seq));
  const effects = startEffects(await loadEffects(), {
    log,
    now: () => clock.now(),
    settings: data.settings,
  });
  const lagSeconds = () => projector.lagSeconds();
  const { settings, dataDir } = data;
  const given = { pool, ask: engine.ask, log, lagSeconds, settings, dataDir };
  const jobs = new JobRunner(
    (await loadJobs()).flatMap((createJob) => createJob(given) ?? []),
    log,
  );

  thread.ready(
    {
      onRequest: (kind, _key, command, reply) => effects.deliver(kind, command, reply),
      onPush(push) {
        for (const position of positionsOf(push)) projector.advance(...position);
      },
      stats: () => ({
        metrics: [...effects.metrics(), ...projector.metrics(), ...jobs.metrics(), ...thread.metrics()],
        projector: projector.lag(),
      }),
      async stop() {
        stopFollowing();
        // A question of a round may still be open: nobody waits for that.
        void jobs.stop();
        await effects.stop();
        await projector.stop();
        await journal.close();
        await pool.end();
        return true;
      },
    },
    null,
  );
  void projector.catchUp();
}
