/** `npm run crowd -- --sale`: a crowd comes to a drop that is there, and its figures are the console's. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { VisitReport } from '../../bench/crowd/visit/report.ts';
import { openSite, runNode, type ServerProcess, type Site, waitFor } from './server.ts';
import { admitted, call, type Drop, expected, guest, openDrop } from './shop.ts';

const runMsMax = 150_000;
let site: Site;
let server: ServerProcess;
beforeAll(async () => {
  site = await openSite();
  server = await site.start();
});
afterAll(() => site.close());

const queueing = { releasePerSecond: 40, claimSeconds: 5, admissionSeconds: 60 };

/** The figures that the console shows of a drop. */
async function figuresOf({ saleId, seller }: Drop) {
  // On a slow disk the server may be busy for a moment.
  const status = await waitFor(async () => {
    const answer = await call(server, `GET /v1/sales/${saleId}/status`, { who: seller });
    if (![200, 429, 503].includes(answer.status)) throw new Error(`status was answered ${answer.status}`);
    return answer.status === 200 && answer.body;
  });
  return {
    joined: status.joined,
    completed: status.completed,
    letPass: status.expired,
    left: status.left,
    waiting: status.queueLength,
    admittedNow: status.activeAdmissions,
    sold: status.items[0].sold,
  };
}
type Figures = Awaited<ReturnType<typeof figuresOf>>;

const send = (sale: string, ...flags: string[]) =>
  runNode(['bench/crowd.ts', '--sale', sale, '--url', server.url, '--linger', '0.5', ...flags], {});

async function reportOf(crowd: ReturnType<typeof send>): Promise<VisitReport> {
  const code = await crowd.exited;
  expect(code, crowd.err().slice(-3_000)).toBe(0);
  const report = JSON.parse(crowd.out()) as VisitReport;
  expect(report.promises.filter(({ isKept }) => isKept !== true)).toEqual([]);
  return report;
}

const added = (before: Figures, after: Figures) =>
  Object.fromEntries(
    Object.entries(after).map(([name, value]) => [name, value - before[name as keyof Figures]]),
  );

describe('a crowd for a drop that is there', { timeout: runMsMax }, () => {
  it('joins over the pace, leaves, buys and lets pass, and says what the console says', async () => {
    const drop = await openDrop(server, 500, { sale: { queueing } });
    // Somebody else is there, too.
    await admitted(server, drop);
    const before = await figuresOf(drop);
    const crowd = send(drop.saleId, '--pace', '4', '--buyers', '400', '--json', '-', '--connections', '8');
    await waitFor(async () => (await figuresOf(drop)).waiting > 50, 60_000);
    const report = await reportOf(crowd);
    // The other one's turn may be over by now, which counts as let pass.
    const { letPass, ...figures } = added(before, await figuresOf(drop));
    expect(report.figures).toEqual({
      ...figures,
      letPass: letPass! - 1,
      admittedNow: figures.admittedNow! + 1,
    });
    const { joined, completed, left, waiting, sold } = report.figures;
    expect([joined, waiting, report.figures.admittedNow]).toEqual([400, 0, 0]);
    for (const some of [completed, left, report.figures.letPass]) expect(some).toBeGreaterThan(10);
    expect(sold).toBe(completed);
    expect(report.outcomes.bought).toBe(sold);
  });

  it('goes home when everything is sold, so that nobody stands in line who is not there', async () => {
    const drop = await openDrop(server, 20, { sale: { queueing } });
    const report = await reportOf(
      send(drop.saleId, '--pace', '3', '--buyers', '150', '--buy', '0.9', '--leave', '0', '--json', '-'),
    );
    const { sold, waiting, admittedNow } = await figuresOf(drop);
    expect([sold, waiting, admittedNow]).toEqual([20, 0, 0]);
    expect(report.figures).toEqual(await figuresOf(drop));
  });

  it('leaves at Ctrl-C, and reports all the same', async () => {
    const drop = await openDrop(server, 500, { sale: { queueing: { ...queueing, releasePerSecond: 1 } } });
    const crowd = send(drop.saleId, '--pace', '2', '--buyers', '60', '--json', '-');
    await waitFor(async () => (await figuresOf(drop)).joined >= 30, 60_000);
    crowd.process.kill('SIGINT');
    const report = await reportOf(crowd);
    expect(report.ending).toBe('interrupted');
    expect(report.figures).toEqual(await figuresOf(drop));
    expect(report.figures.waiting).toBe(0);
  });

  it('says in one line why it cannot come', async () => {
    const drop = await openDrop(server, 5);
    await expected(server, `POST /v1/sales/${drop.saleId}/close`, 200, { who: drop.seller });
    await guest(server);
    const unknown = 'sal_00000000-0000-4000-8000-000000000000';
    for (const [flags, code, line] of [
      [[drop.saleId], 3, /has ended/],
      [[unknown], 3, /knows no drop/],
      [['sample'], 3, /no sample drop sells now/],
      [['sale'], 2, /--sale must be the id of a drop, or sample/],
      [['sample', '--pace', '0'], 2, /--pace must be a whole number from 1 to 3600/],
      [['sample', '--buy', '0.8', '--leave', '0.3'], 2, /--buy and --leave together/],
      [['sample', '--units', '3'], 2, /Unknown option '--units'/],
    ] as const) {
      const crowd = send(flags[0], ...flags.slice(1));
      expect(await crowd.exited, crowd.err()).toBe(code);
      expect(crowd.err()).toMatch(line);
      expect(crowd.out()).toBe('');
    }
  });
});
