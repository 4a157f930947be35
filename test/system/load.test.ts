/** `npm run load`, and autocannon as people bring it, against a server with the sample shop. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LoadResult } from '../../bench/load/run.ts';
import { sampleProducts } from '../../src/ops/sample/products.ts';
import { readMetrics } from './metrics.ts';
import { openSite, repository, runNode, type ServerProcess, type Site, waitFor } from './server.ts';
import { expected } from './shop.ts';

const runMsMax = 120_000;
let site: Site;
let server: ServerProcess;
beforeAll(async () => {
  site = await openSite();
  server = await site.start({ SAMPLE: '1' });
}, runMsMax);
afterAll(() => site.close());

const send = (...argv: string[]) => runNode(['bench/load.ts', ...argv], {});

async function load(target: string, ...argv: string[]): Promise<LoadResult> {
  const usual = ['--url', server.url, '--duration', '2', '--connections', '4', '--json'];
  const run = send(target, ...usual, ...argv);
  expect(await run.exited, run.err()).toBe(0);
  expect(run.err()).toMatch(/^ +1 s +[\d,]+ answers +p50 +[\d.]+ +p97\.5 +[\d.]+ +p99 +[\d.]+ ms/m);
  const result = JSON.parse(run.out()) as LoadResult;
  const { p50, p97_5, p99, max } = result.latencyMs;
  expect([p50! > 0, p50! <= p97_5!, p97_5! <= p99!, p99! <= max!]).toEqual([true, true, true, true]);
  const bySecond = result.bySecond.reduce((sum, { requests }) => sum + requests, 0);
  expect(bySecond).toBe(result.requests);
  const answers = Object.values(result.statuses).reduce((sum, count) => sum + count, 0);
  expect(answers).toBe(result.requests);
  return result;
}

/** On a slow disk the server may be busy for a moment: that is answered, and counted. */
function expectOnly(result: LoadResult, status: string): void {
  const others = Object.keys(result.statuses).filter((other) => other !== status && other !== '503');
  expect([others, result.statuses[status]! > 0]).toEqual([[], true]);
  expect(result.errors.busy ?? 0).toBe(result.statuses['503'] ?? 0);
}

describe('a load', { timeout: runMsMax }, () => {
  it.each(['products', 'sale'])('reads %s', async (target) => {
    expectOnly(await load(target), '200');
  });

  it('joins, each time as somebody else, and ends when all that was prepared is used', async () => {
    const result = await load('join', '--prepare', '200', '--duration', '30');
    expectOnly(result, '201');
    expect([result.requests, result.ending]).toEqual([200, 'prepared']);
  });

  it('holds one unit at a time', async () => {
    expectOnly(await load('hold', '--prepare', '400'), '201');
  });

  it('buys: a hold, then its checkout', async () => {
    const result = await load('purchase', '--prepare', '100');
    expectOnly(result, '201');
    const { hold, checkout } = result.steps;
    expect(checkout!.count).toBeGreaterThan(0);
    expect(checkout!.count).toBeLessThanOrEqual(hold!.count);
    expect(hold!.count + checkout!.count).toBe(result.requests);
    // Nobody else buys here.
    const bought = checkout!.count - (result.statuses['503'] ?? 0);
    await waitFor(async () => {
      const { samples } = await readMetrics(server.opsUrl);
      const orders = samples.find(
        ({ name, labels }) => name === 'doorbuster_orders_total' && labels.status === 'confirmed',
      );
      return (orders?.value ?? 0) >= bought;
    });
  });

  it('keeps to its rate', async () => {
    // On a busy machine the load itself may run a little longer.
    const { requests, bySecond } = await load('products', '--rate', '20');
    expect(requests).toBeLessThanOrEqual(20 * (bySecond.length + 1));
  });

  it('leaves nothing behind that is for sale', async () => {
    const { items: products } = await expected(server, 'GET /v1/products?limit=100', 200);
    expect(products).toHaveLength(sampleProducts.length);
    const { items: sales } = await expected(server, 'GET /v1/sales?limit=100', 200);
    const own = sales.filter(({ title }: { title: string }) => title.startsWith('Load '));
    expect(own.map(({ phase }: { phase: string }) => phase)).toEqual(['ended', 'ended', 'ended']);
  });
});

describe('what cannot be', () => {
  it('is refused in one clear line', async () => {
    for (const [argv, line] of [
      [[], /what to load must be one of products, sale, join, hold, purchase, not ""/],
      [['everything'], /not "everything"/],
      [['sale', 'join'], /not "sale join"/],
      [['join', '--connections', '0'], /--connections must be a whole number from 1 to 1000/],
      [['join', '--duration', '3601'], /--duration must be a whole number from 1 to 300/],
      [['join', '--rate', 'much'], /--rate must be a whole number from 1 to 1000000, not "much"/],
      [['hold', '--prepare', '3'], /--prepare must be at least --connections/],
      [['sale', '--url', 'http://192.0.2.1'], /--url must be on this machine/],
      [['sale', '--url', 'http://localhost.example.com'], /--url must be on this machine/],
      [['sale', '--hard'], /Unknown option '--hard'/],
    ] as const) {
      const run = send(...argv);
      expect([argv, await run.exited]).toEqual([argv, 2]);
      expect(run.err()).toMatch(line);
      expect(run.err().trim().split('\n')).toHaveLength(2);
      expect(run.out()).toBe('');
    }
  });

  it('is told when there is no server', async () => {
    const free = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => free.once('listening', resolve));
    const { port } = free.address() as { port: number };
    await new Promise((resolve) => free.close(resolve));
    const run = send('products', '--url', `http://127.0.0.1:${port}`);
    expect(await run.exited).toBe(3);
    expect(run.err()).toMatch(/^load: no answer for 2 s/);
  });
});

describe('autocannon as people bring it', { timeout: runMsMax }, () => {
  it('works with the line in the README', async () => {
    const readme = await readFile(join(repository, 'README.md'), 'utf8');
    const line = /^npx (autocannon .*)$/m.exec(readme)![1]!;
    expect(line).toContain('http://127.0.0.1:8080/');
    const command = `npx --no-install ${line.replace('http://127.0.0.1:8080', server.url).replace('-d 10', '-d 2')} --json`;
    const { stdout } = await promisify(execFile)('bash', ['-c', command], { cwd: repository });
    const { '2xx': good, non2xx, errors } = JSON.parse(stdout);
    expect([good > 0, non2xx, errors]).toEqual([true, 0, 0]);
  });
});
