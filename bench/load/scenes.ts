/** What is sent: for each target the steps that a connection goes through again and again. */
import { randomUUID } from 'node:crypto';
import type autocannon from 'autocannon';
import type { Client } from '../crowd/client.ts';
import type { LoadOptions, Target } from './options.ts';
import { type Buyer, guests, holdsPerBuyer, NotReady, Stage } from './stage.ts';

export interface Step {
  readonly name: string;
  readonly request: autocannon.Request;
  /** Hears of each answer; what it puts into `context` the next step finds there. */
  onAnswer?(status: number, body: string, context: Turn): void;
}

export interface Scene {
  readonly steps: readonly Step[];
  /** The run ends when so many requests were sent; null: by its duration alone. */
  readonly requestsMax: number | null;
  close(): Promise<void>;
}

/** What a connection carries from one step to the next. */
interface Turn {
  buyer?: Buyer;
  holdId?: string | null;
}

type Say = (line: string) => void;
type Make = (client: Client, options: LoadOptions, say: Say) => Promise<Scene>;

export function makeScene(client: Client, options: LoadOptions, say: Say): Promise<Scene> {
  return makers[options.target](client, options, say);
}

const makers: Readonly<Record<Target, Make>> = {
  products: async () => reading('products', '/v1/products'),
  async sale(client) {
    const { body } = await client.ask({ method: 'GET', path: '/v1/sales?limit=1' });
    const saleId = body?.items?.[0]?.saleId;
    if (saleId === undefined) throw new NotReady('there is no drop to read: SAMPLE=1 opens one');
    return reading('sale', `/v1/sales/${saleId}`);
  },
  async join(client, { prepared }, say) {
    const stage = await Stage.open(client, 1_000, false);
    const tokens = await guests(client, prepared, progress(say, 'guests', prepared));
    const next = dealer(tokens);
    const path = `/v1/sales/${stage.saleId}/tickets`;
    const join: Step = {
      name: 'join',
      request: {
        method: 'POST',
        setupRequest: (request) => ({ ...request, path, headers: json(next()), body: '{}' }),
      },
    };
    return { steps: [join], requestsMax: prepared, close: () => stage.close() };
  },
  async hold(client, options, say) {
    const { stage, next } = await buyersOf(client, options, say);
    return { steps: [holdStep(stage, next)], requestsMax: options.prepared, close: () => stage.close() };
  },
  async purchase(client, options, say) {
    const { stage, next } = await buyersOf(client, options, say);
    const steps = [holdStep(stage, next), checkoutStep()];
    return { steps, requestsMax: options.prepared * steps.length, close: () => stage.close() };
  },
};

function reading(name: string, path: string): Scene {
  return { steps: [{ name, request: { method: 'GET', path } }], requestsMax: null, async close() {} };
}

async function buyersOf(client: Client, { prepared }: LoadOptions, say: Say) {
  const count = Math.ceil(prepared / holdsPerBuyer);
  const stage = await Stage.open(client, prepared, true);
  const buyers = await stage.admit(count, progress(say, 'buyers let in', count));
  return { stage, next: dealer(buyers) };
}

function holdStep({ saleId, sku }: Stage, next: () => Buyer): Step {
  const path = `/v1/sales/${saleId}/holds`;
  return {
    name: 'hold',
    request: {
      method: 'POST',
      setupRequest(request, context: Turn) {
        const buyer = next();
        const holdId = randomUUID();
        context.buyer = buyer;
        context.holdId = holdId;
        const headers = { ...json(buyer.token), 'admission-token': buyer.admission };
        return { ...request, path, headers, body: JSON.stringify({ holdId, sku, quantity: 1 }) };
      },
    },
    onAnswer(status, _body, context) {
      if (status !== 201) context.holdId = null;
    },
  };
}

const shippingAddress = {
  ...{ name: 'Load', line1: '1 Market Street', city: 'Springfield', postalCode: '12345', country: 'US' },
};

function checkoutStep(): Step {
  return {
    name: 'checkout',
    request: {
      method: 'POST',
      setupRequest(request, { buyer, holdId }: Turn) {
        // Nothing was held: autocannon goes on with the next hold when there is no request.
        if (buyer === undefined || !holdId) return null as unknown as autocannon.Request;
        const headers = { ...json(buyer.token), 'idempotency-key': holdId };
        const body = {
          ...{ holdIds: [holdId], shippingAddress, shippingMethod: 'standard' },
          paymentMethod: 'pm_card_visa',
        };
        return { ...request, path: '/v1/checkout', headers, body: JSON.stringify(body) };
      },
    },
  };
}

const json = (token: string) => ({ authorization: `Bearer ${token}`, 'content-type': 'application/json' });

/** One after the other, so that what an account may do is spread evenly over the run. */
function dealer<Item>(items: readonly Item[]): () => Item {
  let dealt = 0;
  return () => items[dealt++ % items.length]!;
}

function progress(say: Say, what: string, count: number): (done: number) => void {
  const step = Math.ceil(count / 4);
  return (done) => {
    if (done % step === 0 || done === count) say(`preparing: ${done} of ${count} ${what}`);
  };
}
