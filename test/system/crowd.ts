/** Sends `bench/crowd.ts`, as a process of its own, to a real server, and judges its report. */
import { expect, type TestContext } from 'vitest';
import type { Report } from '../../bench/crowd/report.ts';
import { readMetrics } from './metrics.ts';
import { type Child, openSite, runNode, type ServerProcess, type Site, waitFor } from './server.ts';

export const crowdMsMax = 150_000;

/** A site that ends with the test. */
export async function openTestSite(context: TestContext, env: Record<string, string> = {}): Promise<Site> {
  const site = await openSite(env);
  context.onTestFinished(() => site.close());
  return site;
}

/** The crowd on its way; it ends with the test at the latest. */
export function sendCrowd(
  context: TestContext,
  server: ServerProcess,
  flags: Readonly<Record<string, number>>,
): Child {
  const given = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
  // A start takes its time on a busy machine.
  const patience = ['--reconnect-seconds', '90'];
  const to = ['--url', server.url, '--ops', server.opsUrl, '--json', '-', ...patience];
  const crowd = runNode(['bench/crowd.ts', ...given, ...to], {});
  context.onTestFinished(() => void crowd.process.kill('SIGKILL'));
  return crowd;
}

/** Waits for the end, and holds the report against what every run must show. */
export async function judged(crowd: Child): Promise<Report> {
  const code = await crowd.exited;
  const said = crowd.err().slice(-4_000);
  expect(crowd.out(), said).toMatch(/^\{/);
  const report = JSON.parse(crowd.out()) as Report;
  const { buyers, units, sold, oversold, seconds, outages, retries, promises } = report;
  const broken = promises.filter(({ isKept }) => isKept !== true);
  expect(broken, said).toEqual([]);
  expect(promises.length).toBeGreaterThanOrEqual(10);
  expect(code, said).toBe(0);
  expect(oversold).toBe(0);
  console.log(
    `crowd: ${buyers} buyers, sold ${sold} of ${units}, oversold ${oversold}, ${promises.length} promises kept, ` +
      `${seconds.total.toFixed(1)} s, ${retries} retries, outages ${JSON.stringify(outages)}`,
  );
  return report;
}

/** While the crowd is in the middle of buying: some orders are confirmed, most are not. */
export async function midway(server: ServerProcess, orders: number): Promise<void> {
  await waitFor(async () => {
    const { samples } = await readMetrics(server.opsUrl);
    const confirmed = samples.filter(
      ({ name, labels }) => name === 'doorbuster_orders_total' && labels.status === 'confirmed',
    );
    return confirmed.reduce((sum, { value }) => sum + value, 0) >= orders;
  }, 60_000);
}
