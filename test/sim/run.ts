/**
 * One seed: a sale is opened, clients act and things go wrong for so many steps, then all trouble ends and everything
 * must come to rest. What was promised is checked all along; the first broken promise ends the run.
 */
import { createHash, type Hash } from 'node:crypto';
import { Packr } from 'msgpackr';
import { decodeFrame } from '../../src/protocol/frame.ts';
import type { Frame } from '../../src/protocol/journal.ts';
import { Partition } from '../../src/runtime/partition.ts';
import { decidersByKind, replayFrame } from '../../src/runtime/replay.ts';
import { Cluster } from './cluster.ts';
import { deciders } from './deciders.ts';
import { drawShardCount } from './engine.ts';
import { heal } from './heal.ts';
import { Loop } from './loop.ts';
import { Model } from './model.ts';
import { Provider } from './provider.ts';
import { Random } from './random.ts';
import { Shop } from './shop.ts';
import { Store } from './store.ts';
import { Trouble } from './trouble.ts';
import { Workload } from './workload.ts';
import { calmFaults, type Mutant, type Shadow, type Violation, type World } from './world.ts';

const shadowDeciders = decidersByKind(deciders);

export interface RunOptions {
  readonly seed: number;
  readonly steps?: number;
  readonly mutant?: Mutant;
  /** Receives one line for everything that happens. */
  readonly onTrace?: (line: string) => void;
}

export interface RunResult {
  readonly seed: number;
  readonly steps: number;
  readonly violation: Violation | null;
  /** Of every frame that ever became durable, in order. */
  readonly journalHash: string;
  /** Of every actor at the end. */
  readonly stateHash: string;
  readonly frames: number;
  readonly events: number;
  readonly acknowledgements: number;
  readonly compared: number;
  readonly virtualMs: number;
  readonly tasks: number;
  readonly counts: Readonly<Record<string, number>>;
}

/** The parts of one run, wired. */
export interface Run {
  readonly world: World;
  readonly cluster: Cluster;
  readonly provider: Provider;
  readonly shop: Shop;
  readonly totals: {
    frames: number;
    events: number;
    step: number;
    violation: Violation | null;
    isMuted: boolean;
    hash: Hash;
  };
  readonly counts: Map<string, number>;
}

export function prepare({ seed, mutant = {}, onTrace }: RunOptions): Run {
  const random = (stream: string) => new Random(seed, stream);
  const loop = new Loop(random('loop'));
  const store = new Store();
  const counts = new Map<string, number>();
  const totals: Run['totals'] = {
    frames: 0,
    events: 0,
    step: 0,
    violation: null,
    isMuted: false,
    hash: createHash('sha256'),
  };
  const trace = (text: () => string) =>
    onTrace?.(`${(loop.nowMs - 1e9).toFixed(1).padStart(10)} ms  ${text()}`);
  const fail = (rule: string, detail: string) => {
    if (totals.violation || totals.isMuted) return;
    totals.violation = { rule, detail, step: totals.step, atMs: loop.nowMs - 1e9 };
    loop.isStopped = true;
    trace(() => `BROKEN: ${rule}: ${detail}`);
  };
  const model = new Model(fail);
  const shadows = new Map<string, Shadow>();
  const unbroken = new Map<number, Partition>();
  const faults = calmFaults();
  const count = (what: string, by = 1) => counts.set(what, (counts.get(what) ?? 0) + by);
  const world: World = {
    ...{ loop, store, model, shadows, unbroken, faults, mutant, random, fail, trace, count },
  };
  loop.onThrow = (error) => fail('nobody throws', error instanceof Error ? error.stack! : String(error));
  store.onFrame = (frame) => takeFrame(world, totals, frame);
  mutant.store?.(store);
  const cluster = new Cluster(world);
  const provider = new Provider({
    loop,
    random: random('provider'),
    model,
    faults: faults.provider,
    engineNow: cluster.engineNow,
    report: (orderId, report) => cluster.ask('order', orderId, report, () => {}),
    fail,
  });
  cluster.provider = provider;
  const shop = new Shop(world, cluster, random('buyers').int(4, 14));
  return { world, cluster, provider, shop, totals, counts };
}

export async function runSeed(options: RunOptions): Promise<RunResult> {
  // Nothing below lets the event loop go round.
  await new Promise((resolve) => setImmediate(resolve));
  const run = prepare(options);
  const { world, cluster, shop, totals } = run;
  const random = world.random('steps');
  const steps = options.steps ?? 200;
  const workload = new Workload(world, cluster, shop);
  const trouble = new Trouble(world, cluster);
  const { onFrame } = world.store;
  world.store.onFrame = (frame) => {
    onFrame(frame);
    trouble.notice();
  };
  world.trace(() => `trouble: ${[...trouble.kinds].join(' ') || 'none'}`);
  cluster.start(drawShardCount(random), 0);
  await world.loop.run(200);
  workload.open();
  await world.loop.run(1_000);
  trouble.begin();
  while (totals.step < steps && !totals.violation) {
    totals.step++;
    workload.act();
    trouble.act();
    await world.loop.run(gapMs(random));
  }
  trouble.end();
  if (!totals.violation) await heal(run);
  return report(options, run);
}

/** Mostly a moment; sometimes long enough for holds to end. */
function gapMs(random: Random): number {
  const chance = random.next();
  if (chance < 0.65) return random.int(0, 60);
  return chance < 0.95 ? random.int(60, 1_200) : random.int(2_000, 12_000);
}

/** Everything durable goes to the oracle and to an actor that has never been restarted. */
function takeFrame(world: World, totals: Run['totals'], frame: Frame): void {
  const { model, shadows, unbroken, store } = world;
  totals.frames++;
  totals.hash.update(frame.bytes);
  if (frame.epoch !== store.stream(frame.partition).epoch)
    world.fail('a stale owner is refused', `frame ${frame.seq} of partition ${frame.partition}`);
  const records = decodeFrame(frame);
  for (const { kind, key, event } of records) {
    totals.events++;
    world.trace(
      () =>
        `  durable ${frame.partition}:${frame.epoch}-${frame.seq} ${kind}/${key} ${JSON.stringify(event)}`,
    );
    world.count(`event ${event.type}`);
    model.take(kind, key, event);
    const { atMs } = event as { atMs?: number };
    if (atMs !== undefined)
      model.newestMs.set(frame.partition, Math.max(model.newestMs.get(frame.partition) ?? 0, atMs));
  }
  const followed = unbroken.get(frame.partition) ?? new Partition(frame.partition, false);
  unbroken.set(frame.partition, followed);
  // Written again after a loss.
  if (totals.isMuted && frame.seq <= followed.seq) return;
  replayFrame(followed, { seq: frame.seq, records }, shadowDeciders);
  for (const { kind, key } of records) shadows.set(`${kind}/${key}`, followed.find(kind, key)!);
}

function report({ seed }: RunOptions, run: Run): RunResult {
  const { world, totals, shop, counts } = run;
  const states = createHash('sha256');
  const packr = new Packr({ useRecords: false });
  for (const name of [...world.shadows.keys()].sort()) {
    const { decider, state } = world.shadows.get(name)!;
    states.update(name).update(packr.pack(decider.snapshot(state)));
  }
  return {
    seed,
    steps: totals.step,
    violation: totals.violation,
    journalHash: totals.hash.digest('hex'),
    stateHash: states.digest('hex'),
    frames: totals.frames,
    events: totals.events,
    acknowledgements: shop.ledger.acknowledgements,
    compared: shop.ledger.compared,
    virtualMs: world.loop.nowMs - 1e9,
    tasks: world.loop.ran,
    counts: Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}
