/**
 * One run, from the empty hall to the report: guests come in, the seller opens the drop, everybody joins; when the
 * sale is over, or nothing moves any more, the ledger is audited.
 */
import type { AttemptListener } from './attempts.ts';
import { audit, findProvider, forEach } from './audit.ts';
import { visit } from './buyer.ts';
import { drawCharacters } from './characters.ts';
import { NoAnswer, ServerGone } from './client.ts';
import { enter, type Guest, type Scene } from './guest.ts';
import type { CrowdOptions } from './options.ts';
import { showProgress } from './progress.ts';
import { composeReport, type Report } from './report.ts';
import { Refused, Seller } from './seller.ts';
import { createTally } from './statistics.ts';
import { createTools } from './tools.ts';
import { watch } from './watch.ts';

/** The server could not be reached, or stayed away. */
export class Unreachable extends Error {
  constructor(what: string, cause: unknown) {
    super(`${what}: ${cause instanceof Error ? cause.message : String(cause)}`);
    this.name = 'Unreachable';
  }
}

const stallSeconds = 90;
/** After the sale, buyers at the till get this long to finish. */
const tillGraceMs = 60_000;

/** For those who do something to the server meanwhile. */
export interface Onlookers {
  readonly onAttempt?: AttemptListener;
  /** The drop is open and buyers come; the run ends after what this answers has settled, too. */
  readonly onOpen?: (crowd: Crowd) => Promise<void>;
}

export async function runCrowd(
  options: CrowdOptions,
  news: NodeJS.WriteStream,
  { onAttempt, onOpen }: Onlookers = {},
): Promise<Report> {
  const crowd = createCrowd(options, onAttempt);
  const progress = showProgress(news, () => progressLine(crowd));
  try {
    // Asked before the run, so that a missing port does not cost one, and again for the audit: it moves with a restart.
    const provider = () =>
      findProvider(options.opsUrl).catch((error) => {
        throw new Unreachable(`the operators' port ${options.opsUrl} (--ops, or --no-provider)`, error);
      });
    await provider();
    await crowd.client.reachable();
    const startedAtMs = performance.now();
    const seller = await Seller.open(crowd.client, crowd.clock, options);
    crowd.skus.push(...seller.offers.map(({ sku }) => sku));
    const guests = await letGuestsIn(crowd);
    const guestsInAtMs = performance.now();
    crowd.stage.saleId = await seller.openSale();
    const openedAtMs = performance.now();
    await Promise.all([holdSale(crowd, seller, guests), onOpen?.(crowd)]);
    const closedAtMs = performance.now();
    crowd.stage.phase = 'audit';
    const evidence = await audit({
      ...crowd,
      seller,
      saleId: crowd.stage.saleId,
      tokenOf: (buyer) => guests[buyer]!.accessToken,
      concurrency: options.concurrency,
      provider: await provider(),
    });
    const times = { startedAtMs, guestsInAtMs, openedAtMs, closedAtMs, endedAtMs: performance.now() };
    return composeReport(crowd, evidence, times);
  } catch (error) {
    const isOutside = [ServerGone, NoAnswer, Refused].some((kind) => error instanceof kind);
    if (isOutside) throw new Unreachable(options.url, error);
    throw error;
  } finally {
    progress.stop();
    crowd.clock.stop();
    await crowd.client.close();
  }
}

export type Crowd = ReturnType<typeof createCrowd>;

function createCrowd(options: CrowdOptions, onAttempt?: AttemptListener) {
  return {
    options,
    ...createTools(options, onAttempt),
    /** Filled when the seller has listed them. */
    skus: [] as string[],
    outcomes: createTally(),
    stage: { phase: 'guests', saleId: '', isOver: false, ending: '', guestsIn: 0, done: 0, sold: 0 },
  };
}

function sceneOf(crowd: Crowd): Scene {
  const { client, hall, clock, ledger, tally, random, timings, skus, stage } = crowd;
  const { saleId } = stage;
  const isOver = () => stage.isOver;
  const isWatched = () => false;
  return { client, hall, clock, ledger, tally, random, timings, skus, saleId, isOver, isWatched };
}

async function letGuestsIn(crowd: Crowd): Promise<Guest[]> {
  const { options, stage } = crowd;
  // Sockets subscribe much later, so the scene of the entrance must learn the sale's id then.
  const scene: Scene = {
    ...sceneOf(crowd),
    get saleId() {
      return stage.saleId;
    },
  };
  const guests: Guest[] = new Array(options.buyers);
  // Handshakes are bounded on their own; those who wait for one must not hold up the others.
  await forEach(options.concurrency * 2, drawCharacters(options), async (character, index) => {
    guests[index] = await enter(scene, index, character);
    stage.guestsIn++;
  });
  if (stage.guestsIn < options.buyers)
    throw new Unreachable('guests', `${options.buyers - stage.guestsIn} got no account`);
  return guests;
}

/** Everybody's visit, until the sale is over and those at the till are done. */
async function holdSale(crowd: Crowd, seller: Seller, guests: readonly Guest[]): Promise<void> {
  const { options, stage, clock, ledger, outcomes } = crowd;
  stage.phase = 'sale';
  const scene = sceneOf(crowd);
  const visits = Promise.all(
    guests.map(async (guest) => {
      outcomes.add(await visit(scene, guest));
      stage.done++;
    }),
  );
  const watching = watch({
    clock,
    units: options.units,
    timeoutSeconds: options.timeoutSeconds,
    stallSeconds: stallSeconds + options.rampSeconds + options.patienceSeconds,
    status: () => seller.status(stage.saleId),
    activity: () => ledger.tickets.length + ledger.holds.length + ledger.orders.length + stage.done,
    hasBuyers: () => stage.done < guests.length,
    onSold(units) {
      stage.sold = units;
    },
  });
  // A visit rejects only when the server is gone for good.
  stage.ending = await Promise.race([watching, visits.then(() => watching)]);
  stage.phase = 'closing';
  stage.isOver = true;
  clock.wakeAll();
  await Promise.race([visits, clock.pause(tillGraceMs + options.rampSeconds * 1_000)]);
  const unfinished = guests.length - stage.done;
  if (unfinished > 0) outcomes.add('still busy when the run ended', unfinished);
  for (const guest of guests) guest.live?.close();
}

function progressLine({ stage, hall, ledger, tally, options }: Crowd): string {
  return (
    `${stage.phase}: ${stage.guestsIn} guests, ${hall.socketsUp} sockets, ${ledger.tickets.length} tickets, ` +
    `serving ${ledger.nowServing}, ${tally.get('admissions')} admitted, ${ledger.holds.length} holds, ` +
    `${stage.sold}/${options.units} sold, ${stage.done} done`
  );
}
