/**
 * The alarms and the dashboard in `ops/`: promtool judges the rules on recorded series, each rule is broken once to see
 * that somebody notices, and whatever is named is looked for among the metrics that a real server gives out.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Metrics, readMetrics } from '../system/metrics.ts';
import { openSite, repository, type Site } from '../system/server.ts';
import { checkOut, holding, openDrop } from '../system/shop.ts';

const read = (path: string) => readFileSync(join(repository, path), 'utf8');
const rules = read('ops/prometheus/alerts.yml');
const dashboard = read('ops/grafana/doorbuster.json');
const operations = read('docs/OPERATIONS.md');

const skipped =
  spawnSync('promtool', ['--version']).status === 0
    ? null
    : 'promtool is not on PATH (Debian: apt-get install prometheus)';
if (skipped) console.warn(`skipping the rules' own tests: ${skipped}`);

const folder = mkdtempSync(join(tmpdir(), 'doorbuster-alerts-'));
cpSync(join(repository, 'ops/prometheus'), folder, { recursive: true });
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function promtool(...args: string[]): { status: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: folder, encoding: 'utf8' });
  return { status, said: `${stdout}${stderr}` };
}

interface Alert {
  readonly name: string;
  readonly expr: string;
}
const alerts: readonly Alert[] = [...rules.matchAll(/- alert: (\w+)\n(?: +#.*\n)* +expr: (.+)\n/g)].map(
  ([, name, expr]) => ({ name: name!, expr: expr! }),
);

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly w: number };
  readonly targets?: readonly { readonly expr: string }[];
}
const panels = (JSON.parse(dashboard) as { panels: Panel[] }).panels;
const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

/** Metrics that a query names; those of our processes only, not what Prometheus makes itself. */
function metricsIn(query: string): string[] {
  return [...query.matchAll(/\b(?:doorbuster|process|nodejs)_\w+/g)].map(([name]) => name);
}

/** Counters that a server gives out from the first event on, and the file that counts them. */
const later: Readonly<Record<string, string>> = {
  doorbuster_refunds_failed_total: 'src/actors/order/counts.ts',
};

function unknownMetrics(query: string, { types, samples }: Pick<Metrics, 'types' | 'samples'>): string[] {
  const shown = new Set(samples.map(({ name }) => name));
  const isCounted = (name: string) => name in later && read(later[name]!).includes(`'${name}'`);
  return metricsIn(query).filter((name) => !shown.has(name) && !types.has(name) && !isCounted(name));
}

/** Labels by which a query groups or chooses, and that no sample of its metrics has. */
function unknownLabels(query: string, { samples }: Pick<Metrics, 'samples'>): string[] {
  const grouped = [...query.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list]) => list!.split(/, */));
  const names = metricsIn(query);
  const shown = new Set(
    samples.filter(({ name }) => names.includes(name)).flatMap(({ labels }) => Object.keys(labels)),
  );
  // Prometheus itself says where a sample is from.
  return grouped.filter((label) => !['instance', 'job'].includes(label) && !shown.has(label));
}

describe.skipIf(skipped !== null)('the alarms', () => {
  it('are rules that Prometheus reads, and sound on recorded series when they must and only then', () => {
    for (const args of [
      ['check', 'rules', 'alerts.yml'],
      ['check', 'config', 'prometheus.yml'],
      ['test', 'rules', 'alerts.test.yml'],
    ]) {
      const { status, said } = promtool(...args);
      expect(status, said).toBe(0);
    }
  });

  it.each(alerts.map(({ name }) => name))('would be missed: %s when it never sounds, or always', (name) => {
    const { expr } = alerts.find((alert) => alert.name === name)!;
    try {
      for (const broken of ['vector(0) > 1', 'vector(1)']) {
        writeFileSync(join(folder, 'alerts.yml'), rules.replace(`expr: ${expr}\n`, `expr: ${broken}\n`));
        const { status, said } = promtool('test', 'rules', 'alerts.test.yml');
        expect([broken, status], said).toEqual([broken, 1]);
        expect(said).toContain('FAILED');
      }
    } finally {
      writeFileSync(join(folder, 'alerts.yml'), rules);
    }
  });

  it('and the queries of the dashboard can be read by Prometheus', () => {
    const asRules = queries.map((expr, index) => {
      const filled = expr.replaceAll('$instance', '.*').replaceAll(/\$__(?:rate_interval|range)/g, '5m');
      return `      - { record: 'dashboard:q${index}', expr: ${JSON.stringify(filled)} }`;
    });
    const file = join(folder, 'dashboard.yml');
    writeFileSync(file, `groups:\n  - name: dashboard\n    rules:\n${asRules.join('\n')}\n`);
    const { status, said } = promtool('check', 'rules', file);
    expect(status, said).toBe(0);
    expect(said).toContain(`${queries.length} rules found`);
  });
});

describe('the alarms that docs/OPERATIONS.md names', () => {
  it('each have a rule, and each rule has its line there', () => {
    const table = /Alarm on these:\n([\s\S]*?)\n\n(?![|])/.exec(operations)![1]!;
    const named = [...table.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name!).sort();
    const ruled = [...new Set(alerts.flatMap(({ expr }) => metricsIn(expr)))].map((name) =>
      name.replace(/_bucket$/, ''),
    );
    expect(named.length).toBeGreaterThan(10);
    expect(ruled.sort()).toEqual(named);
  });

  it('say what it is and what to do first', () => {
    const blocks = rules.split('- alert: ').slice(1);
    expect(blocks).toHaveLength(alerts.length);
    for (const block of blocks) {
      expect(block).toMatch(/severity: (?:page|warn) }/);
      expect(block).toMatch(/\n {10}summary: \S.{20,}\n {10}first: \S.{15,}\n/);
    }
  });
});

describe('what the rules and the dashboard name', () => {
  let site: Site;
  let metrics: Metrics;
  beforeAll(async () => {
    site = await openSite();
    const server = await site.start();
    // What is counted by sale, status or result has a sample once there was one.
    await checkOut(server, await holding(server, await openDrop(server, 2)));
    metrics = await readMetrics(server.opsUrl);
  }, 120_000);
  afterAll(() => site.close());

  it('is given out by a server', () => {
    const all = [...alerts.map(({ expr }) => expr), ...queries];
    expect(queries.length).toBeGreaterThan(20);
    expect(all.flatMap((query) => unknownMetrics(query, metrics))).toEqual([]);
    expect(all.flatMap((query) => unknownLabels(query, metrics))).toEqual([]);
  });

  it('would be refused: a metric or a label that nobody gives out', () => {
    expect(unknownMetrics('rate(doorbuster_none_total[5m]) / doorbuster_connections', metrics)).toEqual([
      'doorbuster_none_total',
    ]);
    expect(unknownLabels('sum by (shard, sale) (doorbuster_mailbox_depth)', metrics)).toEqual(['sale']);
  });
});

describe('the dashboard', () => {
  it('shows all alarms, in a grid of 24 columns', () => {
    const shown = new Set(queries.flatMap(metricsIn));
    const missing = alerts.flatMap(({ expr }) => metricsIn(expr)).filter((name) => !shown.has(name));
    expect(missing).toEqual([]);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    for (const { title, gridPos } of panels) expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
    for (const query of queries) expect(query).toContain('instance=~"$instance"');
  });
});
