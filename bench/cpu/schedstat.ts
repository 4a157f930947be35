/**
 * Processor time by thread, from `/proc/<pid>/task/<tid>/schedstat`: nanoseconds on a processor, exact, and not rounded
 * to ticks as `/proc/<pid>/stat` is.
 *
 * 1. A thread that ends between two samples takes what it used with it; threads of a server live as long as the server.
 * 2. Only Linux has these files.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** A process that is watched; `isTree`: its descendants as well (PostgreSQL has a process a connection). */
export interface Watched {
  readonly label: string;
  readonly pid: number;
  readonly isTree?: boolean;
  /** What a thread does; null: nobody knows. Without it all threads are counted under the label. */
  nameOf?(tid: number, comm: string): string;
}

export interface Sample {
  readonly atMs: number;
  /** Nanoseconds by `label/thread`, summed over threads of one name. */
  readonly usedNs: ReadonlyMap<string, number>;
  /** All processors of the machine together since its start, in ticks of 10 ms. */
  readonly machine: { readonly busyTicks: number; readonly idleTicks: number };
}

/** The first field: time on the processor in ns. */
export function parseSchedstat(text: string): number {
  const ns = Number(text.split(' ', 1)[0]);
  if (text === '' || !Number.isFinite(ns)) throw new Error(`no schedstat: "${text}"`);
  return ns;
}

/** The parent of a process, from `/proc/<pid>/stat`. The program's name may contain anything, brackets as well. */
export function parseParent(stat: string): number {
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

/** The line `cpu` of `/proc/stat`: user nice system idle iowait irq softirq steal. */
export function parseMachine(text: string): Sample['machine'] {
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = text
    .slice(0, text.indexOf('\n'))
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return { busyTicks: user + nice + system + irq + softirq + steal, idleTicks: idle + iowait };
}

export function sample(watched: readonly Watched[]): Sample {
  const usedNs = new Map<string, number>();
  for (const { label, pid, isTree, nameOf } of watched) {
    for (const id of isTree ? treeOf(pid) : [pid]) {
      for (const tid of entries(`/proc/${id}/task`)) {
        const path = `/proc/${id}/task/${tid}`;
        const ns = read(`${path}/schedstat`);
        if (ns === null) continue;
        const name = nameOf?.(tid, (read(`${path}/comm`) ?? '').trim()) ?? label;
        usedNs.set(name, (usedNs.get(name) ?? 0) + parseSchedstat(ns));
      }
    }
  }
  return { atMs: performance.now(), usedNs, machine: parseMachine(read('/proc/stat') ?? '') };
}

export interface Used {
  readonly wallMs: number;
  readonly us: Readonly<Record<string, number>>;
  /** Cores of the machine that did nothing, and that others than those watched and `ownUs` used. */
  readonly idleCores: number;
  readonly foreignCores: number;
}

/** What was used between two samples. `ownUs`: what else of ours ran (the load generator), so that it is not foreign. */
export function usedBetween(before: Sample, after: Sample, ownUs: number): Used {
  const us: Record<string, number> = {};
  let sumUs = ownUs;
  for (const [name, ns] of after.usedNs) {
    us[name] = Math.max(0, ns - (before.usedNs.get(name) ?? 0)) / 1_000;
    sumUs += us[name];
  }
  const wallMs = after.atMs - before.atMs;
  const busy = after.machine.busyTicks - before.machine.busyTicks;
  const idle = after.machine.idleTicks - before.machine.idleTicks;
  const cores = availableParallelism();
  const idleCores = (idle / Math.max(1, busy + idle)) * cores;
  return { wallMs, us, idleCores, foreignCores: Math.max(0, cores - idleCores - sumUs / 1_000 / wallMs) };
}

/** What the children of this process that have ended used, in us (rounded to ticks): the load generator's own cost. */
export function endedChildrenUs(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[13]) + Number(fields[14]);
  return ticks * 10_000;
}

function treeOf(root: number): number[] {
  const childrenByPid = new Map<number, number[]>();
  for (const pid of entries('/proc')) {
    const stat = read(`/proc/${pid}/stat`);
    if (stat === null) continue;
    const parent = parseParent(stat);
    childrenByPid.set(parent, [...(childrenByPid.get(parent) ?? []), pid]);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...(childrenByPid.get(pid) ?? []));
  return tree;
}

/** Names that are numbers. */
function entries(folder: string): number[] {
  try {
    return readdirSync(folder).map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

/** null: the process or thread has gone. */
function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
