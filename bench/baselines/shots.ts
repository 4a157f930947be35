/** What is fired at an arm: buyers whose turn it is, each with one SKU to reserve, and what a run of them costs. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../../test/persistence/support.ts';
import { endedChildrenUs, sample, usedBetween } from '../cpu/schedstat.ts';
import type { ArmRun } from '../measure.ts';
import type { Arm, Stock } from './arms.ts';
import { mintAdmissions, mintGuests } from './mint.ts';

export const buyerCount = 10_000;

/** A file with a line a buyer: access token, admission token, path, SKU. */
export interface Shots {
  readonly file: string;
  readonly stocks: readonly Stock[];
  remove(): Promise<void>;
}

/** Buyers are dealt over the SKUs in turn, so neighbours in the file want different ones. */
export async function makeShots(arm: Arm, skus: number): Promise<Shots> {
  const stocks = await arm.stock(skus);
  const folder = await temporaryFolder();
  const file = join(folder, 'buyers');
  const guests = mintGuests(arm.tokenSecret, Math.max(buyerCount, skus));
  const lines = new Array<string>(guests.length);
  const saleIds = new Set(stocks.map(({ saleId }) => saleId));
  for (const saleId of saleIds) {
    const mine = guests.flatMap((guest, n) => (stocks[n % skus]!.saleId === saleId ? [{ guest, n }] : []));
    const admitted = mintAdmissions(
      arm.tokenSecret,
      saleId,
      mine.map(({ guest }) => guest),
    );
    for (const [index, { n }] of mine.entries()) {
      const { token, admission } = admitted[index]!;
      lines[n] = `${token} ${admission} /v1/sales/${saleId}/holds ${stocks[n % skus]!.sku}\n`;
    }
  }
  await writeFile(file, shuffled(lines).join(''));
  return { file, stocks, remove: () => rm(folder, { recursive: true }) };
}

/** What a load generator says of its run. */
export interface Fired {
  /** Answered with success. */
  readonly requests: number;
  readonly seconds: number;
  readonly errors: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** What it used, where it says so itself: it lives longer than the run. */
  readonly clientUs?: number;
}

/** A run with what it cost, thread by thread. A load generator that says nothing of its own cost is a child, and has ended. */
export async function counted(
  arm: Pick<Arm, 'watched' | 'commits'>,
  connections: number,
  fire: () => Promise<Fired>,
): Promise<Omit<ArmRun, 'arm'>> {
  const watched = await arm.watched();
  const commits = await arm.commits();
  const clientBefore = endedChildrenUs();
  const before = sample(watched);
  const { requests, seconds, errors, p50Ms, p99Ms, clientUs: own } = await fire();
  const after = sample(watched);
  const clientUs = own ?? endedChildrenUs() - clientBefore;
  const commitsAfter = await arm.commits();
  const used = usedBetween(before, after, clientUs);
  const perRequest = (us: number) => us / requests;
  return {
    ...{ connections, requests, errors, p50Ms, p99Ms },
    perSecond: requests / seconds,
    us: Object.fromEntries(Object.entries(used.us).map(([name, us]) => [name, perRequest(us)])),
    busy: Object.fromEntries(Object.entries(used.us).map(([name, us]) => [name, us / 1e3 / used.wallMs])),
    clientUs: perRequest(clientUs),
    clientBusy: clientUs / 1e3 / used.wallMs,
    ...{ idleCores: used.idleCores, foreignCores: used.foreignCores },
    perCommit: commits === null || commitsAfter === null ? null : requests / (commitsAfter - commits),
  };
}

/**
 * What was answered was done, and nothing else. `unknownMax`: at the end of a run each connection may have had one under way,
 * and who is told that the server is busy may have been served all the same.
 */
export function checkTaken(taken: number | null, answered: number, unknownMax: number): void {
  if (taken === null || (taken >= answered && taken <= answered + unknownMax)) return;
  throw new Error(`${answered} reserves were answered and ${taken} units are taken`);
}

/** In an order that is the same every time: a linear congruential generator deals it. */
function shuffled<Item>(items: Item[]): Item[] {
  let state = 1;
  for (let n = items.length - 1; n > 0; n--) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const other = state % (n + 1);
    [items[n], items[other]] = [items[other]!, items[n]!];
  }
  return items;
}
