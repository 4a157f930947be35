/** The table "Shards". The row that a problem means is marked; with more rows than fit the worst stand first. */
import { count, none, utcTime } from '../format.ts';
import { opsWords } from '../words-ops.ts';
import { isOld } from './ops-age.tsx';
import type { ShardRow } from './ops-engine.ts';
import { bytes, milliseconds } from './ops-format.ts';
import type { Problem } from './ops-health.tsx';

const shownMax = 8;
const slowCommitMs = 100;
const lagMaxMs = 250;

/** 2: a problem means it, 1: it is slow, 0: nothing. */
function severity({ shard, isSilent }: ShardRow, problems: readonly Problem[]): 0 | 1 | 2 {
  const isMeant = problems.some((problem) => problem.shard === shard.shard);
  const { haltedPartitions = [], poisonedActors = [], recoveringPartitions = [] } = shard;
  if (isMeant || isSilent || haltedPartitions.length > 0 || poisonedActors.length > 0) return 2;
  const isLagging = shard.journalLagMs > lagMaxMs;
  return isSlow(shard) || isLagging || recoveringPartitions.length > 0 ? 1 : 0;
}

/** What a shard at rest says of its last commits may be long ago. */
function isSlow({ commitP99Ms, commandsPerSecond }: ShardRow['shard']): boolean {
  return commitP99Ms > slowCommitMs && commandsPerSecond > 0;
}

/** By doublings, so that rows do not change places with every breath. */
function slowness({ shard }: ShardRow): number {
  return Math.round(Math.log2(Math.max(1, isSlow(shard) ? shard.commitP99Ms : 1)));
}

export function Shards({
  rows,
  problems,
}: {
  readonly rows: readonly ShardRow[] | null;
  readonly problems: readonly Problem[];
}) {
  const { name, columns, waiting } = opsWords.shards;
  const graded = (rows ?? []).map((row) => ({ row, grade: severity(row, problems) }));
  if (graded.length > shownMax) graded.sort((a, b) => b.grade - a.grade || slowness(b.row) - slowness(a.row));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard
    <div class="ops-table" tabIndex={0}>
      <table aria-label={name}>
        <thead>
          <tr>
            {Object.entries(columns).map(([key, text]) => (
              <th key={key} scope="col" class={headKind(key)}>
                {text}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {graded.map(({ row, grade }) => (
            <Row key={row.shard.shard} row={row} grade={grade} />
          ))}
        </tbody>
      </table>
      {rows === null && <p class="quiet">{waiting}</p>}
    </div>
  );
}

/** Two words that stand on two lines. */
function headKind(column: string): string {
  return column === 'shard' ? '' : column.startsWith('p') ? 'number fold' : 'number';
}

function Row({ row, grade }: { readonly row: ShardRow; readonly grade: 0 | 1 | 2 }) {
  const { shard, trail, isSilent, asOfMs } = row;
  const kind = `${['', 'row-caution', 'row-bad'][grade]} ${isOld(asOfMs) ? 'old' : ''}`;
  return (
    <tr class={kind}>
      <th scope="row">{shard.shard}</th>
      <td class="number">
        <Trail values={trail} />
        {isSilent ? <b>{opsWords.shards.silent(utcTime(asOfMs))}</b> : count(shard.commandsPerSecond)}
      </td>
      <td class="number">{milliseconds(isSilent ? null : shard.commitP50Ms)}</td>
      <td class="number">
        {isSlow(shard) && !isSilent ? (
          <b>{milliseconds(shard.commitP99Ms)}</b>
        ) : (
          milliseconds(isSilent ? null : shard.commitP99Ms)
        )}
      </td>
      <td class="number">{count(shard.mailboxDepth)}</td>
      <td class="number">{count(shard.batchSizeAvg)}</td>
      <td class="number">{journalOf(row)}</td>
      <td class="number">{shard.restarts > 0 ? <b>{count(shard.restarts)}</b> : count(shard.restarts)}</td>
      <td class="number">{shard.epoch === undefined ? none : count(shard.epoch)}</td>
    </tr>
  );
}

function journalOf({ shard }: ShardRow) {
  const { shards } = opsWords;
  const { haltedPartitions = [], poisonedActors = [], recoveringPartitions = [], journalLagMs } = shard;
  if (haltedPartitions.length > 0) return <b>{shards.halted(count(haltedPartitions.length))}</b>;
  if (poisonedActors.length > 0) return <b>{shards.poisoned(count(poisonedActors.length))}</b>;
  if (recoveringPartitions.length > 0) return <b>{shards.recovering}</b>;
  if (journalLagMs > lagMaxMs) return <b>{shards.lag(milliseconds(journalLagMs))}</b>;
  return bytes(shard.journalBytes);
}

const [trailWidth, trailHeight] = [44, 16];
/** Fewer are a dot, not a line. */
const trailMin = 4;

function Trail({ values }: { readonly values: readonly number[] }) {
  const top = Math.max(1, ...values);
  const step = trailWidth / 39;
  const points = values.map((value, index) => {
    const x = trailWidth - (values.length - 1 - index) * step;
    return `${x.toFixed(1)},${(trailHeight - 1 - (value / top) * (trailHeight - 2)).toFixed(1)}`;
  });
  return (
    <svg class="trail" viewBox={`0 0 ${trailWidth} ${trailHeight}`} aria-hidden="true">
      {values.length > trailMin && <polyline points={points.join(' ')} />}
    </svg>
  );
}
