/**
 * S8: how many commands a second can one core decide, evolve and encode?
 *
 * Load: a sale of 100 SKUs; of ten commands five are joins, two place a hold, and one each attaches, commits and reports
 * stock to the sale. Closed loop in one thread, frames of about 50 events, replies made as the shard makes them.
 */
import { encodeFrame, type JournalRecord } from '../src/protocol/frame.ts';
import { type Measurement, seriesOf } from './measure.ts';
import { envelopesOf, openShop, skuCount } from './shop.ts';

const commandsPerPortion = 5_000;
const portionsPerRound = 40;
const rounds = 5;
const eventsPerFrame = 50;
const startMs = 1_800_000_000_000;

interface Round {
  readonly perSecond: number;
  /** Per second of processor time, all threads of the process counted: what matters on a shared machine. */
  readonly perCpuSecond: number;
  readonly bytesPerEvent: number;
}

function round(): Round {
  const shop = openShop(startMs);
  const at = startMs + 100;
  let events = 0;
  let bytes = 0;
  let wallMs = 0;
  let cpuUs = 0;
  let seq = 0;
  let records: JournalRecord[] = [];
  for (let portion = 0; portion < portionsPerRound; portion++) {
    const envelopes = envelopesOf(shop, portion, commandsPerPortion, startMs);
    const startedAtMs = performance.now();
    const cpu = process.cpuUsage();
    for (const [{ decider, key, state }, command] of envelopes) {
      const decision = decider.decide(state, command, at);
      for (const event of decision.events) {
        decider.evolve(state, event);
        records.push({ kind: decider.kind, key, event });
      }
      if (typeof decision.reply === 'function') decision.reply(state);
      if (records.length < eventsPerFrame) continue;
      events += records.length;
      bytes += encodeFrame(1, 1, ++seq, records).length;
      records = [];
    }
    wallMs += performance.now() - startedAtMs;
    const used = process.cpuUsage(cpu);
    cpuUs += used.user + used.system;
  }
  const commands = portionsPerRound * commandsPerPortion;
  return {
    perSecond: (commands * 1e3) / wallMs,
    perCpuSecond: (commands * 1e6) / cpuUs,
    bytesPerEvent: bytes / events,
  };
}

export async function run(): Promise<Measurement> {
  // Once for the compiler.
  round();
  const all = Array.from({ length: rounds }, round);
  const commands = seriesOf(
    'decide + evolve + encode',
    'commands/s',
    all.map((one) => one.perSecond),
  );
  const perCore = seriesOf(
    'the same per second of processor time',
    'commands/s',
    all.map((one) => one.perCpuSecond),
  );
  return {
    name: 'core (S8)',
    question: 'commands that one core decides, evolves and encodes in a second',
    load: `${skuCount} SKUs, one sale, ${(portionsPerRound * commandsPerPortion).toLocaleString('en-US')} commands a round: half joins, the rest holds, attachments, commits, reports`,
    doesNotMeasure: [
      'mailboxes, timers and group commit',
      'the journal',
      'threads and sockets',
      'order sagas',
      'memory',
    ],
    series: [
      commands,
      perCore,
      seriesOf(
        'size in the journal',
        'bytes/event',
        all.map((one) => one.bytesPerEvent),
      ),
    ],
    ratios: [
      { name: 'share of 1 M commands/s per core', value: perCore.median / 1e6, wanted: '>= 1' },
      {
        name: 'wall time to processor time (below 1: the machine was busy)',
        value: commands.median / perCore.median,
        wanted: 'near 1',
      },
    ],
    skipped: [],
  };
}
