/** A disk of its own that a test can fill to the last byte: a small file system in memory. Mounting needs root. */
import { spawnSync } from 'node:child_process';
import { chmod, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../persistence/support.ts';
import { waitFor } from '../system/server.ts';

export interface SmallDisk {
  readonly folder: string;
  /** Leaves not a byte. */
  fill(): Promise<void>;
  /** Gives back what `fill` took. */
  clear(): Promise<void>;
  /** By then nobody may have a file open on it. */
  close(): Promise<void>;
}

function run(program: string, ...args: string[]): string | null {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  return status === 0 ? null : (error?.message ?? stderr.trim());
}

export async function openSmallDisk(megabytes: number): Promise<SmallDisk> {
  const folder = await temporaryFolder();
  const problem = run('mount', '-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder);
  if (problem !== null) {
    await rm(folder, { recursive: true });
    throw new Error(`no small disk: ${problem}`);
  }
  await chmod(folder, 0o755);
  const filler = join(folder, 'filler');
  return {
    folder,
    async fill() {
      const file = await open(filler, 'w');
      try {
        // Large pieces first, then page by page.
        for (const bytes of [1024 * 1024, 4096])
          for (const piece = Buffer.alloc(bytes); ; )
            if ((await file.write(piece).catch(() => null))?.bytesWritten !== bytes) break;
      } finally {
        await file.close();
      }
    },
    clear: () => rm(filler, { force: true }),
    async close() {
      // The last files of a process that has just ended may take a moment.
      await waitFor(() => run('umount', folder) === null, 5_000);
      await rm(folder, { recursive: true });
    },
  };
}

let looked: Promise<string | null> | null = null;

/** Null when a disk can be mounted here, otherwise why not. */
export function whyNoSmallDisk(): Promise<string | null> {
  looked ??= openSmallDisk(1).then(
    (disk) => disk.close().then(() => null),
    (error: Error) => error.message,
  );
  return looked;
}
