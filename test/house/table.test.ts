/** Who may import whom: the table of docs/ARCHITECTURE.md, types included; and no circles. */
import { describe, expect, test } from 'vitest';
import { circles, type Graph, graphOf } from './circles.ts';
import type { House } from './module.ts';
import { houseOf, readHouse } from './source.ts';
import { contracts, offence, spotOf } from './table.ts';

const house = readHouse().filter(({ path }) => path.startsWith('src/'));

function offences(modules: House): string[] {
  return modules.flatMap(({ path, imports }) =>
    imports
      .filter(({ isOurs }) => isOurs)
      .map(({ target, line, isTypeOnly }) => ({
        at: `${path}:${line}`,
        why: offence(path, target, isTypeOnly),
      }))
      .filter(({ why }) => why !== null)
      .map(({ at, why }) => `${at} ${why}`),
  );
}

/** The nouns of the shop, by what their files import of each other. */
function nounGraph(modules: House): Graph {
  const graph = new Map<string, Set<string>>();
  for (const { path, imports } of modules) {
    const here = spotOf(path);
    if (here?.room !== 'market' || here.noun === null) continue;
    const targets = graph.get(here.noun) ?? new Set();
    graph.set(here.noun, targets);
    for (const { target, isOurs } of imports) {
      const there = isOurs ? spotOf(target) : null;
      if (there?.room === 'market' && there.noun !== null && there.noun !== here.noun)
        targets.add(there.noun);
    }
  }
  return graph;
}

describe('imports', () => {
  test('follow the table', () => {
    expect(house.length).toBeGreaterThan(100);
    expect(offences(house)).toEqual([]);
  });

  test('need every contract of the table', () => {
    const used = new Set(
      house
        .filter(({ path }) => ['market', 'runtime', 'gateway'].includes(spotOf(path)?.room ?? ''))
        .flatMap(({ path, imports }) =>
          imports.map(({ target }) => target).filter((target) => spotOf(target)?.room !== spotOf(path)?.room),
        ),
    );
    const all = Object.entries(contracts).flatMap(([room, names]) =>
      names.map((name) => `src/${room}/${name}.ts`),
    );
    expect(all.filter((path) => !used.has(path))).toEqual([]);
  });

  test.each([
    ['protocol/a.ts', "import { x } from '../runtime/b.ts';", 'protocol may not import runtime (b)'],
    [
      'actors/sku/a.ts',
      "import { x } from '../order/state.ts';",
      'actors/sku may not import actors/order (state)',
    ],
    ['actors/sku/a.ts', "import { x } from '../../runtime/b.ts';", 'actors/sku may not import runtime (b)'],
    [
      'runtime/a.ts',
      "import { x } from '../actors/sku/commands.ts';",
      'runtime may not import actors/sku (commands)',
    ],
    [
      'runtime/a.ts',
      "const x = await import('../market/b/store.ts');",
      'runtime may not import market/b (store)',
    ],
    [
      'runtime/a.ts',
      "export { x } from '../persistence/postgres.ts';",
      'runtime may not import persistence (postgres)',
    ],
    [
      'gateway/a.ts',
      "type X = typeof import('../market/b/store.ts');",
      'gateway may not import market/b (store)',
    ],
    [
      'persistence/a.ts',
      "import type { X } from '../runtime/b.ts';",
      'persistence may not import runtime (b)',
    ],
    [
      'market/a/routes.ts',
      "import { x } from '../b/routes.ts';",
      'market/a may not import market/b (routes)',
    ],
    [
      'market/a/routes.ts',
      "import { x } from '../../actors/sku/decide.ts';",
      'market/a may not import actors/sku (decide)',
    ],
    [
      'market/a/routes.ts',
      "import { x } from '../../gateway/server.ts';",
      'market/a may not import gateway (server)',
    ],
    ['market/a/routes.ts', "import { x } from '../../runtime/b.ts';", 'market/a may not import runtime (b)'],
    ['sandbox/a.ts', "import { x } from '../ops/log.ts';", 'sandbox may not import ops (log)'],
    ['runtime/a.ts', "import { readConfig } from '../config.ts';", 'config.ts is imported as a type only'],
    ['runtime/a.ts', "import { x } from '../main.ts';", 'runtime may not import main'],
    [
      'web/api.ts',
      "import { Sale } from '../market/sales/schemas.ts';",
      'web imports types of other rooms only',
    ],
    [
      'web/api.ts',
      "import { refusals } from '../protocol/codes.ts';",
      'web imports types of other rooms only',
    ],
    [
      'web/pages/drop.tsx',
      "import type { X } from '../../market/sales/store.ts';",
      'web may not import market/sales (store)',
    ],
    ['yard/a.ts', "import { x } from '../main.ts';", 'the table has no room yard'],
    ['main.ts', "import { x } from '../test/b.ts';", 'src imports nothing from outside src'],
  ])('would be refused: src/%s with %s', (file, text, why) => {
    expect(offences(houseOf({ [`src/${file}`]: text }))).toEqual([`src/${file}:1 ${why}`]);
  });

  test.each([
    ['actors/sku/a.ts', "import type { X } from '../order/commands.ts';"],
    ['actors/sku/a.ts', "import { x } from './state.ts';"],
    ['runtime/a.ts', "import { type X } from '../config.ts';"],
    ['runtime/a.ts', "import { Worker } from 'node:worker_threads';"],
    ['gateway/a.ts', "import type { Database } from '../persistence/database.ts';"],
    ['market/a/routes.ts', "import { x } from '../b/store.ts';"],
    ['market/orders/projection.ts', "import { evolveFacts } from '../../actors/order/facts.ts';"],
    ['ops/a.ts', "import { x } from '../market/a/routes.ts';"],
    ['main.ts', "import { x } from './config.ts';"],
    ['web/api.ts', "import type { Sale } from '../market/sales/schemas.ts';"],
    ['web/api.ts', "import type { Code } from '../protocol/codes.ts';"],
    ['web/pages/drop.tsx', "import { call } from '../api.ts';"],
  ])('are allowed: src/%s with %s', (file, text) => {
    expect(offences(houseOf({ [`src/${file}`]: text }))).toEqual([]);
  });
});

describe('circles', () => {
  test('exist neither between files nor between the nouns of the shop', () => {
    const found = circles(graphOf(house)).map((files) => files.join(', '));
    expect(found).toEqual([]);
    expect(circles(nounGraph(house))).toEqual([]);
  });

  test('would be refused: of three files, by types alone', () => {
    const three = houseOf({
      'src/ops/a.ts': "import type { B } from './b.ts';",
      'src/ops/b.ts': "export type B = import('./c.ts').C;",
      'src/ops/c.ts': "import { type A } from './a.ts'; export { x } from './d.ts';",
      'src/ops/d.ts': '',
    });
    expect(circles(graphOf(three))).toEqual([['src/ops/a.ts', 'src/ops/b.ts', 'src/ops/c.ts']]);
  });

  test('would be refused: of two nouns, over different files', () => {
    const two = houseOf({
      'src/market/a/store.ts': "import { y } from '../b/views.ts';",
      'src/market/b/routes.ts': "import { x } from '../a/store.ts';",
    });
    expect(circles(graphOf(two))).toEqual([]);
    expect(circles(nounGraph(two))).toEqual([['a', 'b']]);
  });
});
