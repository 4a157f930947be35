/** The drop that a crowd comes to, as anybody sees it. */
import type { Body, Client } from '../client.ts';

export interface VisitedSale {
  readonly saleId: string;
  readonly title: string;
  readonly skus: readonly string[];
  /** An admission is over so long after it was given, whatever the buyer does. */
  readonly turnSecondsMax: number;
}

/** There is no drop to come to. */
export class NoSuchDrop extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NoSuchDrop';
  }
}

/** What the sample shop's drop sells that runs. */
const sampleSku = 'NIMBUS-1';

export async function findSale(client: Client, wanted: string): Promise<VisitedSale> {
  const sale = wanted === 'sample' ? await findSample(client) : await readSale(client, wanted);
  const { saleId, title, phase, items, queueing } = sale;
  if (phase === 'scheduled')
    throw new NoSuchDrop(
      `"${title}" takes nobody yet: its line opens at ${sale.prequeueAt ?? sale.startsAt}`,
    );
  if (phase === 'ended') throw new NoSuchDrop(`"${title}" has ended`);
  return {
    saleId,
    title,
    skus: items.map(({ sku }: { sku: string }) => sku),
    turnSecondsMax: queueing.admissionSeconds + queueing.claimSeconds + sale.holdSeconds,
  };
}

export async function readSale(client: Client, saleId: string): Promise<Body> {
  const answer = await client.ask({ method: 'GET', path: `/v1/sales/${saleId}` });
  if (answer.status !== 200) throw new NoSuchDrop(`the server knows no drop ${saleId}`);
  return answer.body;
}

async function findSample(client: Client): Promise<Body> {
  const answer = await client.ask({ method: 'GET', path: '/v1/sales?limit=100' });
  const sample = answer.body?.items?.find(
    ({ phase, items }: Body) => items[0]?.sku === sampleSku && ['active', 'paused'].includes(phase),
  );
  if (sample) return sample;
  throw new NoSuchDrop('no sample drop sells now: the next start of the server opens one, or give an id');
}
