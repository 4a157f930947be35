/**
 * S16: how long does a catalogue take from a file into the shop, the same file again, and back into a file?
 *
 * One server with everything in one PostgreSQL; made-up products with skewed words and brands in four languages
 * (`search/products.ts`) as a packed CSV file through POST /v1/imports. Beside it the server does what it always does: it
 * tells the actors of the new SKUs, follows them with stock levels, and makes them searchable.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import pg from 'pg';
import { cellsOf, columnNames } from '../src/market/imports/columns.ts';
import { csvLine } from '../src/market/imports/csv.ts';
import type { Import } from '../src/market/imports/schemas.ts';
import { startTestPostgres } from '../test/persistence/support.ts';
import { expected, member, type Person } from '../test/system/shop.ts';
import { tellComplaints } from './alternate.ts';
import { type OurServer, repository, startOurs } from './baselines/server.ts';
import { sample, usedBetween, type Watched } from './cpu/schedstat.ts';
import { type Measurement, seriesOf } from './measure.ts';
import type { BenchOptions } from './run/options.ts';
import { product } from './search/products.ts';

const productCount = 50_000;
const pollMs = 100;

interface Step {
  readonly seconds: number;
  /** Processor time by thread or process, in seconds. */
  readonly used: Readonly<Record<string, number>>;
}

export async function run(options: BenchOptions): Promise<Measurement> {
  const count = options.size ?? productCount;
  const database = await startTestPostgres();
  const env = { ...options.env, DATABASE_URL: database.url };
  const server = await startOurs({ checkout: repository, tokenSecret: 'x'.repeat(32), redisUrl: null, env });
  const client = new pg.Client({ connectionString: database.url });
  try {
    await client.connect();
    const postgres: Watched = { label: 'postgres', pid: database.server.pid, isTree: true };
    const bench = new ImportsBench(server, postgres, await member(server, 'seller'));
    const file = fileOf(count);
    const unpackedMb = file.length / 1e6;
    const packed = gzipSync(file, { level: 1 });
    const first = await bench.step('import', () => bench.import(packed, { created: count }));
    const known = await bench.step('until all are for sale and can be searched', () => bench.settled(client));
    const again = await bench.step('the same again', () => bench.import(packed, { unchanged: count }));
    const out = await bench.step('export', () => bench.export());
    return measurement({ count, unpackedMb, first, known, again, out });
  } finally {
    await client.end();
    tellComplaints('ours', server.complaints());
    await server.stop();
    await database.stop();
  }
}

function fileOf(count: number): Buffer {
  const lines = Array.from({ length: count }, (_, n) => {
    const { sku, title, description, brand, category, tags, colour, priceAmount, stock } = product(n);
    const variant = { sku, price: { amount: priceAmount, currency: 'USD' }, stock };
    const attributes = { colour };
    const body = { title, description, brand, category, tags: [...tags], attributes, variants: [variant] };
    return Buffer.from(csvLine(cellsOf(body, variant)));
  });
  return Buffer.concat([Buffer.from(csvLine(columnNames)), ...lines]);
}

class ImportsBench {
  readonly #server: OurServer;
  readonly #postgres: Watched;
  readonly #seller: Person;

  constructor(server: OurServer, postgres: Watched, seller: Person) {
    this.#server = server;
    this.#postgres = postgres;
    this.#seller = seller;
  }

  async step(name: string, work: () => Promise<void>): Promise<Step> {
    const watched = [...(await this.#server.watched()), this.#postgres];
    const before = sample(watched);
    const startedAtMs = performance.now();
    await work();
    const seconds = (performance.now() - startedAtMs) / 1_000;
    const { us } = usedBetween(before, sample(watched), 0);
    const used = Object.fromEntries(Object.entries(us).map(([label, of]) => [label, of / 1e6]));
    const listed = Object.entries(used).map(([label, of]) => `${label} ${of.toFixed(1)}`);
    process.stderr.write(`S16: ${name}: ${seconds.toFixed(1)} s; of a processor: ${listed.join(', ')} s\n`);
    return { seconds, used };
  }

  async import(file: Buffer, wanted: Partial<Import>): Promise<void> {
    const answer = await fetch(`${this.#server.url}/v1/imports`, {
      method: 'POST',
      headers: { ...this.#headers, 'content-type': 'text/csv', 'content-encoding': 'gzip' },
      body: new Uint8Array(file),
    });
    if (answer.status !== 202) throw new Error(`the import was answered ${await answer.text()}`);
    const { importId } = (await answer.json()) as Import;
    for (;;) {
      const read: Import = await expected(this.#server, `GET /v1/imports/${importId}`, 200, {
        who: this.#seller,
      });
      if (read.status !== 'running') {
        for (const [name, value] of Object.entries(wanted))
          if (read[name as keyof Import] !== value) throw new Error(`the import: ${JSON.stringify(read)}`);
        return;
      }
      await wait(pollMs);
    }
  }

  /** Until the actors know every SKU, and whoever follows products has followed. */
  async settled(client: pg.Client): Promise<void> {
    for (;;) {
      const { rows } = await client.query<{ isOpen: boolean }>(
        `SELECT EXISTS (SELECT FROM variants WHERE actor_state <> 'current')
           OR EXISTS (SELECT FROM variants v LEFT JOIN stock_levels s USING (sku) WHERE s.sku IS NULL)
           OR EXISTS (SELECT FROM feed f, feed_checkpoints c WHERE c.consumer IN ('search', 'catalogue-stock')
             AND f.topic = 'item' AND (f.xid, f.position) > (c.xid, c.position)) AS "isOpen"`,
      );
      if (!rows[0]!.isOpen) return;
      await wait(pollMs);
    }
  }

  async export(): Promise<void> {
    const answer = await fetch(`${this.#server.url}/v1/exports/products`, { headers: this.#headers });
    const bytes = (await answer.arrayBuffer()).byteLength;
    process.stderr.write(`S16: the export has ${(bytes / 1e6).toFixed(1)} MB\n`);
  }

  get #headers() {
    return { authorization: `Bearer ${this.#seller.token}` };
  }
}

interface Results {
  readonly count: number;
  readonly unpackedMb: number;
  readonly first: Step;
  readonly known: Step;
  readonly again: Step;
  readonly out: Step;
}

function measurement({ count, unpackedMb, first, known, again, out }: Results): Measurement {
  const seconds = (arm: string, step: Step) => [
    seriesOf(arm, 's', [step.seconds]),
    ...Object.entries(step.used).map(([label, of]) =>
      seriesOf(`${arm}: processor time of ${label}`, 's', [of]),
    ),
  ];
  return {
    name: 'S16',
    question: 'a catalogue from a file, the same file again, and into a file',
    load: `${count.toLocaleString('en-US')} made-up products, ${unpackedMb.toFixed(0)} MB of CSV, sent packed; one server, journal and tables in one PostgreSQL, search in the tables`,
    doesNotMeasure: ['a network', 'images', 'shoppers at the same time'],
    series: [
      ...seconds('import', first),
      ...seconds('after it, until all are for sale and can be searched', known),
      ...seconds('the same file again', again),
      ...seconds('export', out),
    ],
    ratios: [
      { name: 'import, seconds', value: first.seconds, wanted: '< 60' },
      {
        name: 'import and until all are for sale, seconds',
        value: first.seconds + known.seconds,
        wanted: 'none',
      },
      { name: 'the same file again, seconds', value: again.seconds, wanted: 'none' },
      { name: 'export, seconds', value: out.seconds, wanted: 'none' },
    ],
    skipped: [],
  };
}
