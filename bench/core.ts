/**
 * S8: how many commands a second can one core decide, evolve and encode?
 *
 * Load: a sale of 100 SKUs, or of one that everybody wants; of ten commands five are joins, two place a hold, and one each
 * attaches, commits and reports stock to the sale. They come in turns of 60, each when the answer that it needs is there, and those that stand in rows as groups, as a
 * wire brings them (the sender has written the rows). Closed loop in one thread, a frame a turn, replies made as the shard
 * makes them.
 */
import { joinSale, reportStock } from '../src/actors/sale/commands.ts';
import { attachHold, commitHold, placeHold } from '../src/actors/sku/commands.ts';
import type { AnyCommand, RowCommand } from '../src/protocol/command.ts';
import type { AnyEvent } from '../src/protocol/decider.ts';
import { encodeFrame, type JournalRecord } from '../src/protocol/frame.ts';
import { RowGroups } from '../src/protocol/row-group.ts';
import { isRows, RowAnswers } from '../src/protocol/rows.ts';
import { type Measurement, type Series, seriesOf } from './measure.ts';
import { type Actor, type Envelope, envelopesOf, openShop, skuCount } from './shop.ts';

const commandsPerPortion = 6_000;
const portionsPerRound = 32;
const rounds = 5;
const turnCommands = 60;
const startMs = 1_800_000_000_000;
const inRows = new Map(
  [joinSale, placeHold, attachHold, commitHold, reportStock].map((one) => [
    one.type as string,
    one as unknown as RowCommand,
  ]),
);

/** So many turns after what it needs. */
const later: Readonly<Record<string, number>> = { AttachHold: 1, CommitHold: 2 };

function turnsOf(envelopes: readonly Envelope[]): Envelope[][] {
  const turns: Envelope[][] = [];
  for (const [n, envelope] of envelopes.entries()) {
    const turn = Math.floor(n / turnCommands) + (later[envelope[1].type] ?? 0);
    turns[turn] ??= [];
    turns[turn].push(envelope);
  }
  return turns.map(inGroups);
}

/** What comes in one turn: groups stand where their first row stood. */
function inGroups(envelopes: readonly Envelope[]): Envelope[] {
  const groups = new RowGroups();
  const turn: Envelope[] = [];
  for (const [actor, command] of envelopes) {
    const declared = inRows.get(command.type);
    const group = declared === undefined ? null : groups.join(declared, actor.key, command, () => {});
    if (group === null) turn.push([actor, command]);
    else if (group.size === 1) turn.push([actor, group.rows()]);
  }
  groups.finish();
  return turn;
}

/** Decides what came, and lets it happen. */
function decide({ decider, key, state }: Actor, command: AnyCommand, at: number, to: JournalRecord[]): void {
  if (isRows(command)) {
    const answers = new RowAnswers();
    const { event, more = [] } = decider.decideRows!(state, command, at, answers);
    if (answers.others.length > 0) throw new Error(`${command.type}: ${JSON.stringify(answers.others[0])}`);
    if (event !== null) to.push({ kind: decider.kind, key, event });
    apply({ decider, key, state }, more, to);
    return;
  }
  const decision = decider.decide(state, command, at);
  apply({ decider, key, state }, decision.events, to);
  if (typeof decision.reply === 'function') decision.reply(state);
}

function apply({ decider, key, state }: Actor, events: readonly AnyEvent[], to: JournalRecord[]): void {
  for (const event of events) {
    decider.evolve(state, event);
    to.push({ kind: decider.kind, key, event });
  }
}

interface Round {
  readonly perSecond: number;
  /** Per second of processor time, all threads of the process counted: what matters on a shared machine. */
  readonly perCpuSecond: number;
  readonly bytesPerCommand: number;
}

function round(skus: number): Round {
  const shop = openShop(startMs, skus);
  const at = startMs + 100;
  let bytes = 0;
  let wallMs = 0;
  let cpuUs = 0;
  let seq = 0;
  for (let portion = 0; portion < portionsPerRound; portion++) {
    const turns = turnsOf(envelopesOf(shop, portion, commandsPerPortion, startMs));
    const startedAtMs = performance.now();
    const cpu = process.cpuUsage();
    for (const turn of turns) {
      const records: JournalRecord[] = [];
      for (const [actor, command] of turn) decide(actor, command, at, records);
      bytes += encodeFrame(1, 1, ++seq, records).length;
    }
    wallMs += performance.now() - startedAtMs;
    const used = process.cpuUsage(cpu);
    cpuUs += used.user + used.system;
  }
  const commands = portionsPerRound * commandsPerPortion;
  return {
    perSecond: (commands * 1e3) / wallMs,
    perCpuSecond: (commands * 1e6) / cpuUs,
    bytesPerCommand: bytes / commands,
  };
}

function measure(skus: number, name: string): { series: Series[]; perCore: Series; commands: Series } {
  // Once for the compiler.
  round(skus);
  const all = Array.from({ length: rounds }, () => round(skus));
  const of = (what: string, unit: string, value: (one: Round) => number) =>
    seriesOf(`${what}, ${name}`, unit, all.map(value));
  const commands = of('decide + evolve + encode', 'commands/s', (one) => one.perSecond);
  const perCore = of('the same per second of processor time', 'commands/s', (one) => one.perCpuSecond);
  const size = of('size in the journal', 'bytes/command', (one) => one.bytesPerCommand);
  return { series: [commands, perCore, size], perCore, commands };
}

export async function run(): Promise<Measurement> {
  const many = measure(skuCount, `${skuCount} SKUs`);
  const one = measure(1, 'one SKU');
  return {
    name: 'core (S8)',
    question: 'commands that one core decides, evolves and encodes in a second',
    load: `one sale, ${(portionsPerRound * commandsPerPortion).toLocaleString('en-US')} commands a round in turns of about ${turnCommands}: half joins, the rest holds, attachments, commits, reports`,
    doesNotMeasure: [
      'mailboxes, timers and group commit',
      'the journal',
      'threads and sockets',
      'order sagas',
      'memory',
    ],
    series: [...many.series, ...one.series],
    ratios: [
      {
        name: `share of 700,000 commands/s per core, ${skuCount} SKUs`,
        value: many.perCore.median / 7e5,
        wanted: '>= 1',
      },
      {
        name: 'share of 700,000 commands/s per core, one SKU',
        value: one.perCore.median / 7e5,
        wanted: '>= 1',
      },
      {
        name: 'wall time to processor time (below 1: the machine was busy)',
        value: many.commands.median / many.perCore.median,
        wanted: 'near 1',
      },
    ],
    skipped: [],
  };
}
