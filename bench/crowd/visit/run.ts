/**
 * A crowd comes to a drop that is there: spread over the pace, each a guest of its own. When the drop is over for those
 * who wait (sold out, ended, time is up), they leave the line, so that nobody stands in it who is not there.
 *
 * The last reading is made when every ticket has come to rest, because what let its turn pass is counted by the shop
 * when the turn is over: then the crowd's figures and the console's are of the same thing.
 */
import { forEach, type RereadParts, rereadTickets, rereadTill } from '../audit.ts';
import { visit } from '../buyer.ts';
import { NoAnswer, ServerGone } from '../client.ts';
import { type Character, enter, type Guest, type Scene, Unexpected } from '../guest.ts';
import type { TicketRecord } from '../ledger.ts';
import { showProgress } from '../progress.ts';
import { Unreachable } from '../run.ts';
import { createRandom, createTally } from '../statistics.ts';
import { createTools } from '../tools.ts';
import { watch } from '../watch.ts';
import type { VisitOptions } from './options.ts';
import { composeVisitReport, type VisitReport } from './report.ts';
import { findSale, readSale, type VisitedSale } from './sale.ts';

/** Whoever is at the till when the drop is over gets this long to finish. */
const tillGraceMs = 60_000;
const restLookMs = 2_000;

export type Visiting = ReturnType<typeof createVisiting>;

export async function visitSale(
  options: VisitOptions,
  news: NodeJS.WriteStream,
  onInterrupt: (end: () => void) => void,
): Promise<VisitReport> {
  const visiting = createVisiting(options);
  const { clock, client, stage } = visiting;
  const progress = showProgress(news, () => progressLine(visiting));
  try {
    await client.reachable();
    const sale = await findSale(client, options.sale);
    const startedAtMs = performance.now();
    const lookout = await openLookout(visiting, sale.saleId);
    onInterrupt(() => {
      stage.isInterrupted = true;
    });
    await comeAndGo(visiting, sale, () => lookout.isUp);
    lookout.close();
    const parts = rereadPartsOf(visiting, sale);
    stage.phase = 'leaving';
    await leaveTheLine(visiting, sale);
    stage.phase = 'waiting for the last turns to be over';
    await untilAtRest(parts, sale);
    stage.phase = 'second reading';
    await rereadTill(parts);
    return composeVisitReport(visiting, sale, (performance.now() - startedAtMs) / 1_000);
  } catch (error) {
    if (error instanceof ServerGone || error instanceof NoAnswer) throw new Unreachable(options.url, error);
    throw error;
  } finally {
    progress.stop();
    clock.stop();
    await client.close();
  }
}

function createVisiting(options: VisitOptions) {
  return {
    options,
    ...createTools(options),
    outcomes: createTally(),
    guests: new Array<Guest | undefined>(options.buyers),
    stage: { phase: 'visiting', isOver: false, isInterrupted: false, ending: '', arrived: 0, done: 0 },
  };
}

/** One socket that hears which number is being served, for everybody. */
async function openLookout({ client, hall }: Visiting, saleId: string) {
  const answer = await client.ask({ method: 'POST', path: '/v1/auth/guest' });
  if (answer.status !== 201) throw new Unexpected('guest', answer);
  return hall.open({
    accessToken: answer.body.accessToken,
    onTicket() {},
    onAdmission() {},
    subscription: () => ({ saleId }),
  });
}

function drawVisitors({ seed, buyers, buy, leave, decline, ...options }: VisitOptions): Character[] {
  const random = createRandom(seed);
  const paceMs = options.paceSeconds * 1_000;
  return Array.from({ length: buyers }, () => {
    const share = random();
    return {
      hasSocket: false,
      abandons: share < leave + buy ? 'never' : 'before the hold',
      firstCardDeclined: random() < decline,
      triesAgain: true,
      leavesAfterMs: share < leave ? random() * paceMs : null,
      doubleClicks: false,
      favouriteSku: Math.floor(random() * 50),
      arrivesAfterMs: random() * paceMs,
      thinksMs: random() * options.lingerSeconds * 1_000,
    };
  });
}

/** Everybody's visit, until the drop is over and those at the till are done. */
async function comeAndGo(visiting: Visiting, sale: VisitedSale, isWatched: () => boolean): Promise<void> {
  const { options, client, clock, hall, ledger, tally, random, timings, stage, outcomes } = visiting;
  const { saleId, skus } = sale;
  const isOver = () => stage.isOver;
  const scene: Scene = {
    ...{ client, hall, clock, ledger, tally, random, timings, skus, saleId, isOver, isWatched },
  };
  const visits = Promise.all(
    drawVisitors(options).map(async (character, index) => {
      outcomes.add(await comeBy(visiting, scene, character, index));
      stage.done++;
    }),
  );
  const watching = watch({
    clock,
    // How many units there are says nothing: others buy, too. The phase tells when they are gone.
    units: Number.POSITIVE_INFINITY,
    timeoutSeconds: options.timeoutSeconds,
    stallSeconds: options.timeoutSeconds,
    async status() {
      const { phase } = await readSale(client, saleId);
      const isEnd = stage.isInterrupted || phase === 'sold_out' || phase === 'ended';
      return { phase: isEnd ? 'ended' : phase, items: [] };
    },
    activity: () => stage.done,
    hasBuyers: () => stage.done < options.buyers,
    onSold() {},
  });
  const ending = await Promise.race([watching, visits.then(() => watching)]);
  stage.ending = stage.isInterrupted ? 'interrupted' : ending;
  stage.isOver = true;
  clock.wakeAll();
  await Promise.race([visits, clock.pause(tillGraceMs)]);
  const unfinished = options.buyers - stage.done;
  if (unfinished > 0) outcomes.add('still busy when the run ended', unfinished);
}

async function comeBy(
  { stage, clock, guests }: Visiting,
  scene: Scene,
  character: Character,
  index: number,
): Promise<string> {
  await clock.sleep(character.arrivesAfterMs);
  if (stage.isOver) return 'stayed at home: it was over';
  try {
    const guest = await enter(scene, index, { ...character, arrivesAfterMs: 0 });
    guests[index] = guest;
    stage.arrived++;
    return await visit(scene, guest);
  } catch (error) {
    if (error instanceof Unexpected) return `unexpected answer to ${error.message}`;
    if (error instanceof NoAnswer) return 'gave up: no answer';
    throw error;
  }
}

function rereadPartsOf(
  { client, clock, ledger, options, guests }: Visiting,
  { saleId }: VisitedSale,
): RereadParts {
  const tokenOf = (buyer: number) => guests[buyer]!.accessToken;
  return { client, clock, ledger, saleId, tokenOf, concurrency: options.concurrency };
}

/** Those whose number never came up: their last view says that they wait. */
async function leaveTheLine({ client, ledger, options, guests }: Visiting, { saleId }: VisitedSale) {
  const isInLine = ({ buyer }: TicketRecord) => {
    const { status } = guests[buyer]!.view;
    return (status === 'waiting' || status === 'prequeued') && guests[buyer]!.admission === null;
  };
  await forEach(options.concurrency, ledger.tickets.filter(isInLine), async ({ buyer, ticketId }) => {
    const path = `/v1/sales/${saleId}/tickets/${ticketId}`;
    await client.ask({ method: 'DELETE', path, token: guests[buyer]!.accessToken });
  });
}

const atRest: ReadonlySet<unknown> = new Set(['completed', 'expired', 'left']);

/** Reads the tickets that are not at rest again and again, for as long as a turn lasts at most. */
async function untilAtRest(parts: RereadParts, { turnSecondsMax }: VisitedSale): Promise<void> {
  const untilMs = performance.now() + (turnSecondsMax + 15) * 1_000;
  let pending: readonly TicketRecord[] = parts.ledger.tickets;
  for (;;) {
    await rereadTickets(parts, pending);
    pending = pending.filter(({ reread }) => !(typeof reread === 'object' && atRest.has(reread.status)));
    if (pending.length === 0 || performance.now() > untilMs) return;
    await parts.clock.pause(restLookMs);
  }
}

function progressLine({ stage, ledger, tally, outcomes, options }: Visiting): string {
  return (
    `${stage.phase}: ${stage.arrived}/${options.buyers} came, ${ledger.tickets.length} joined, ` +
    `serving ${ledger.nowServing}, ${tally.get('admissions')} admitted, ${outcomes.get('bought')} bought, ` +
    `${outcomes.get('walked away when admitted')} let pass, ${outcomes.get('left the queue')} left`
  );
}
