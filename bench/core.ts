/**
 * S8: how many commands a second can one core decide, evolve and encode?
 *
 * Load: a sale of 100 SKUs; of ten commands five are joins, two place a hold, and one each attaches, commits and reports
 * stock to the sale. Closed loop in one thread, frames of about 50 events, replies made as the shard makes them.
 */
import { randomUUID } from 'node:crypto';
import { Packr } from 'msgpackr';
import { saleDecider } from '../src/actors/sale.ts';
import { skuDecider } from '../src/actors/sku.ts';
import type { AnyDecider, OutgoingCommand, Owed } from '../src/protocol/decider.ts';
import { encodeFrame, type JournalRecord } from '../src/protocol/frame.ts';
import { type Measurement, seriesOf } from './measure.ts';

const skuCount = 100;
const commandsPerPortion = 5_000;
const portionsPerRound = 40;
const rounds = 5;
const eventsPerFrame = 50;
const startMs = 1_800_000_000_000;
const price = { amount: 49_900, currency: 'USD' };
const sellerId = `acc_${randomUUID()}`;

interface Actor {
  readonly decider: AnyDecider;
  readonly key: string;
  // biome-ignore lint/suspicious/noExplicitAny: each actor's state is its decider's own
  readonly state: any;
}
const packr = new Packr({ useRecords: true, moreTypes: false, int64AsType: 'number' });

type Letter = readonly [actor: Actor, command: OutgoingCommand];

function tell(actor: Actor, command: object, at: number): unknown {
  const { code, events, reply } = actor.decider.decide(actor.state, command as OutgoingCommand, at);
  if (code !== 'ok' && code !== 'created') throw new Error(`${JSON.stringify(command)}: ${code}`);
  for (const event of events) actor.decider.evolve(actor.state, event);
  return typeof reply === 'function' ? reply(actor.state) : reply;
}

interface Shop {
  readonly sale: Actor;
  readonly skus: readonly Actor[];
}

/** An open sale and its SKUs. */
function openShop(): Shop {
  const saleId = `sal_${randomUUID()}`;
  const sale: Actor = { decider: saleDecider, key: saleId, state: saleDecider.initial(saleId) };
  const skus = Array.from({ length: skuCount }, (_, n): Actor => {
    const key = `SKU-${n}`;
    return { decider: skuDecider, key, state: skuDecider.initial(key) };
  });
  const quantity = 1_000_000;
  for (const sku of skus)
    tell(
      sku,
      { type: 'RegisterSku', productId: 'prd_x', sellerId, title: 'Thing', price, stock: quantity },
      startMs,
    );
  const items = skus.map(({ key }) => ({ sku: key, quantity, price, purchaseLimit: 4 }));
  const queueing = {
    method: 'fifo',
    releasePerSecond: 100,
    activeLimit: 5_000,
    admissionSeconds: 300,
    claimSeconds: 60,
    overAdmission: 1,
  };
  tell(
    sale,
    {
      ...{
        type: 'CreateSale',
        sellerId,
        title: 'Drop',
        items,
        queueing,
        holdSeconds: 300,
        paymentSeconds: 300,
      },
      ...{ prequeueAtMs: null, startsAtMs: startMs, endsAtMs: startMs + 3_600_000 },
    },
    startMs,
  );
  for (const owed of saleDecider.owes(sale.state) as readonly Owed[]) {
    tell(skus.find(({ key }) => key === owed.key)!, owed.command, startMs);
    tell(sale, { type: 'Answered', id: owed.id, code: 'created', body: null }, startMs);
  }
  tell(sale, { type: 'Tick' }, startMs + 1);
  return { sale, skus };
}

/** The commands of one portion, made beforehand: ids are the gateway's work. */
function lettersOf({ sale, skus }: Shop, portion: number): Letter[] {
  const letters: Letter[] = [];
  const admissionExpiresAtMs = startMs + 300_000;
  const buyersPerPortion = commandsPerPortion / 10;
  for (let n = portion * buyersPerPortion; letters.length < commandsPerPortion; n++) {
    const sku = skus[n % skus.length]!;
    for (let i = 0; i < 5; i++) {
      const ids = {
        ticketId: `tkt_${randomUUID()}`,
        buyerId: `acc_${randomUUID()}`,
        requestId: randomUUID(),
      };
      letters.push([sale, { type: 'JoinSale', ...ids } as OutgoingCommand]);
    }
    const buyerId = `acc_${randomUUID()}`;
    const orderId = `ord_${randomUUID()}`;
    const holdIds = [randomUUID(), randomUUID()];
    const hold = { saleId: sale.key, buyerId, ticketNumber: n + 1, quantity: 1, admissionExpiresAtMs };
    for (const holdId of holdIds)
      letters.push([sku, { type: 'PlaceHold', holdId, ...hold } as OutgoingCommand]);
    const holdId = holdIds[0]!;
    const attach = { type: 'AttachHold', holdId, buyerId, orderId, untilMs: startMs + 330_000 };
    letters.push([sku, attach]);
    letters.push([sku, { type: 'CommitHold', holdId, orderId } as OutgoingCommand]);
    const figures = { seq: n + 1_000, available: 1_000, held: 10, sold: n, tickets: [[n + 1, 1, 1]] };
    letters.push([sale, { type: 'ReportStock', sku: sku.key, ...figures } as OutgoingCommand]);
  }
  // As they come from a gateway: unpacked from a message, not as the pieces that they were put together from.
  const commands = packr.unpack(packr.pack(letters.map(([, command]) => command))) as OutgoingCommand[];
  return letters.map(([actor], index) => [actor, commands[index]!]);
}

interface Round {
  readonly perSecond: number;
  /** Per second of processor time, all threads of the process counted: what matters on a shared machine. */
  readonly perCpuSecond: number;
  readonly bytesPerEvent: number;
}

function round(): Round {
  const shop = openShop();
  const at = startMs + 100;
  let events = 0;
  let bytes = 0;
  let wallMs = 0;
  let cpuUs = 0;
  let seq = 0;
  let records: JournalRecord[] = [];
  for (let portion = 0; portion < portionsPerRound; portion++) {
    const letters = lettersOf(shop, portion);
    const startedAtMs = performance.now();
    const cpu = process.cpuUsage();
    for (const [{ decider, key, state }, command] of letters) {
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
