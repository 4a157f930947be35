/**
 * kill -9 at named steps of the projection, and of a save. Rows and checkpoint change in one transaction, so there are two: S11, rows
 * are written and the transaction is open; S12, it is committed and the projector does not know (it would go on with
 * the next frames; when there is a search index, it would index then). A save is such a transaction, too, and when it is
 * committed the journal is not trimmed yet. PostgreSQL itself tells which step was met.
 */
import { waitFor } from '../system/server.ts';
import { longDrop } from './outage.ts';
import type { Fault, Round } from './round.ts';

/** Who is caught, by the name of its sessions. */
type Writer = 'back-office' | 'snapshotter';

/** Of the writer's sessions: does one stand at this step? A transaction has an id of its own once it has written. */
const standing = {
  open: "coalesce(bool_or(state = 'idle in transaction' and backend_xid is not null), false)",
  committed: `coalesce(bool_or(state = 'idle' and query ilike 'commit%' and state_change > $1), false)
    and not coalesce(bool_or(state = 'idle in transaction'), false)`,
} as const;

async function killAt(round: Round, writer: Writer, step: keyof typeof standing): Promise<void> {
  const { world, random } = round;
  const link = world.databaseLink!;
  const tables = await world.tables();
  await round.until('holds', 3 + Math.floor(random() * 12));
  const isThere = async (sinceMs: number) => {
    const { rows } = await tables.query(
      `select ${standing[step]} as met from pg_stat_activity
       where datname = current_database() and starts_with(application_name, $2)
         and $1::timestamptz is not null`,
      [new Date(sinceMs), writer],
    );
    return rows[0].met as boolean;
  };
  let tries = 0;
  for (; ; tries++) {
    if (tries === 60) throw new Error(`the ${writer} was never met at "${step}"`);
    const sinceMs = Date.now();
    const chunks = Math.floor(random() * 6);
    link.hold(step === 'open' ? 'requests' : 'replies', new RegExp(writer), chunks);
    await waitFor(() => link.heldBytes > 0, 20_000);
    const isMet = await waitFor(() => isThere(sinceMs), 40).catch(() => false);
    if (isMet) break;
    link.release();
  }
  round.note('tries', tries + 1);
  await world.kill();
  link.drop();
  await world.start();
}

export const tableSteps: readonly Fault[] = [
  {
    name: 'kill-s11-half-projected',
    row: '10',
    how: 'the projection frozen in its transaction when rows are written, kill -9',
    holds: 'the half is rolled back and done again: tables agree with the actors',
    weight: 3,
    world: () => ({ journal: 'redis' }),
    inject: (round) => killAt(round, 'back-office', 'open'),
  },
  {
    name: 'kill-s12-projected',
    row: '10',
    how: 'the projection frozen after its commit and before it knows, kill -9',
    holds: 'each event takes effect once: tables agree with the actors',
    weight: 3,
    world: () => ({ journal: 'redis' }),
    inject: (round) => killAt(round, 'back-office', 'committed'),
  },
  {
    name: 'kill-half-saved',
    row: '25',
    how: 'the snapshotter frozen in the transaction of a save when rows are written, kill -9',
    holds: 'the half is rolled back: the restart has the save before and every frame since',
    weight: 3,
    drop: longDrop(8),
    secondsMax: 180,
    world: (random) => ({ journal: random() < 0.5 ? 'redis' : 'postgres' }),
    inject: (round) => killAt(round, 'snapshotter', 'open'),
  },
  {
    name: 'kill-saved',
    row: '25',
    how: 'the snapshotter frozen after the commit of a save, before the journal is trimmed, kill -9',
    holds: 'no frame that is in the save is applied again',
    weight: 3,
    drop: longDrop(8),
    secondsMax: 180,
    world: (random) => ({ journal: random() < 0.5 ? 'redis' : 'postgres' }),
    inject: (round) => killAt(round, 'snapshotter', 'committed'),
  },
];
