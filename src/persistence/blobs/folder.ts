/**
 * Files in a folder, spread over folders by the first letters of their names.
 *
 * A file is written beside the others under a name of its own, brought to the disk, and only then given its name, which
 * is brought to the disk with its folder: after a power cut it is whole or not there.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DoorbusterError } from '../../protocol/errors.ts';
import { checkedName } from './name.ts';

const lettersOfFolder = 2;
const unfinishedName = '.unfinished';
/** Whoever writes longer than this was killed. */
const unfinishedMsMax = 3_600_000;

const isMissing = (error: unknown): boolean => (error as { code?: string }).code === 'ENOENT';

export function openFolder(folder: string) {
  const unfinished = join(folder, unfinishedName);
  const folderOf = (name: string) => join(folder, checkedName(name).slice(0, lettersOfFolder));
  const pathOf = (name: string) => join(folderOf(name), name);
  return {
    put: (name: string, bytes: Uint8Array): Promise<void> =>
      orBusy(async () => {
        const target = folderOf(name);
        const draft = join(unfinished, randomUUID());
        await Promise.all([mkdir(target, { recursive: true }), mkdir(unfinished, { recursive: true })]);
        try {
          await writeDurably(draft, bytes);
          await rename(draft, pathOf(name));
        } catch (error) {
          await rm(draft, { force: true });
          throw error;
        }
        await syncFolder(target);
      }),
    get: (name: string): Promise<Uint8Array | null> =>
      orBusy(async () => {
        try {
          return await readFile(pathOf(name));
        } catch (error) {
          if (isMissing(error)) return null;
          throw error;
        }
      }),
    delete: (name: string): Promise<void> => orBusy(() => rm(pathOf(name), { force: true })),
    tidy: (): Promise<void> =>
      orBusy(async () => {
        const names = await readdir(unfinished).catch(() => []);
        for (const name of names) {
          const path = join(unfinished, name);
          const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
          if (Date.now() - mtimeMs > unfinishedMsMax) await rm(path, { force: true });
        }
      }),
  };
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** So that the name is on the disk, too. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** A disk that is full, slow or read only may be another one in a moment; a bug stays one. */
async function orBusy<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === undefined || !/^E[A-Z]+$/.test(code)) throw error;
    throw new DoorbusterError('busy', 'The file store does not work: try again');
  }
}
