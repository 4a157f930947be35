/** What the street throws at a real server. Afterwards it is the same process, as large as before, and sells a unit. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { assault, findVictim, openDoors } from './hostile.ts';
import { Answers, type Victim } from './hostile-answers.ts';
import { readMetrics } from './metrics.ts';
import { isAlive, openSite, residentMb, type ServerProcess, type Site, waitFor } from './server.ts';
import { checkOut, holding, stockOf } from './shop.ts';

const inputs = 100_000;
const growthMbMax = 60;

let site: Site;
let server: ServerProcess;
let victim: Victim;
beforeAll(async () => {
  site = await openSite(openDoors);
  server = await site.start();
  victim = await findVictim(server, 10);
});
afterAll(() => site.close());

/** Nothing is open any more. */
async function quiet(): Promise<void> {
  await waitFor(async () => {
    const metrics = await readMetrics(server.opsUrl);
    return (
      metrics.value('doorbuster_connections') === 0 && metrics.value('doorbuster_http_open_requests') === 0
    );
  }, 30_000);
}

it('100,000 malformed requests and frames change nothing', { timeout: 150_000 }, async () => {
  const { pid } = server;
  await assault(victim, inputs / 10, 1, new Answers());
  await quiet();
  const warmMb = residentMb(pid);
  const startedAtMs = performance.now();
  const answers = new Answers();
  await assault(victim, inputs, 2, answers);
  const seconds = (performance.now() - startedAtMs) / 1_000;
  await quiet();
  // Freed memory goes back to the system a little later.
  await waitFor(() => residentMb(pid) - warmMb < growthMbMax, 20_000).catch(() => {});
  const grownMb = residentMb(pid) - warmMb;
  console.log(
    `hostile: ${answers.total} malformed requests and frames in ${seconds.toFixed(1)} s, ` +
      `${warmMb.toFixed(0)} MB before, ${grownMb.toFixed(0)} MB more after\n${answers.table()}`,
  );
  expect(answers.total).toBeGreaterThanOrEqual(inputs);
  expect(grownMb).toBeLessThan(growthMbMax);
  expect(server.isRunning && isAlive(pid)).toBe(true);
  expect(server.errors()).toEqual([]);
  // A refusal is an answer, also `busy` while the disk is slow; anything else above 499 would be a bug.
  expect(answers.surprises()).toEqual([]);
  const { drop, buyer } = victim;
  expect(await stockOf(server, drop.sku)).toMatchObject({ held: 0, sold: 0 });
  const order = await checkOut(server, await holding(server, drop));
  expect([order.status, order.body.status]).toEqual([201, 'confirmed']);
  expect(server.log()).not.toContain(buyer.token);
});
