/**
 * Making a PostgreSQL cluster, and the password that opens it.
 *
 * 1. The cluster is made aside and renamed: a kill in the middle leaves no half of one.
 * 2. The password is generated, kept in a file of mode 600 and never shown.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DoorbusterError } from '../../protocol/errors.ts';
import type { RunAs } from './unprivileged.ts';

const initTimeoutMs = 60_000;
const run = promisify(execFile);

export interface Cluster {
  readonly folder: string;
  readonly userName: string;
  readonly password: string;
}

export async function readOrMakePassword(dataDir: string): Promise<string> {
  const file = join(dataDir, 'postgres.password');
  try {
    const password = (await readFile(file, 'utf8')).trim();
    if (password) return password;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const password = randomBytes(24).toString('base64url');
  await writeFile(`${file}.new`, `${password}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
  return password;
}

export async function makeCluster(cluster: Cluster, runAs: RunAs, initdb: string): Promise<void> {
  const aside = `${cluster.folder}.new`;
  const passwordFile = `${cluster.folder}.initdb`;
  await rm(aside, { recursive: true, force: true });
  await mkdir(aside, { mode: 0o700 });
  await writeFile(passwordFile, `${cluster.password}\n`, { mode: 0o600 });
  if (runAs.user) {
    await chown(aside, runAs.user.uid, runAs.user.gid);
    await chown(passwordFile, runAs.user.uid, runAs.user.gid);
  }
  const { program, args, options } = runAs.command(initdb, [
    `--pgdata=${aside}`,
    `--username=${cluster.userName}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // The same order of texts on every machine, whatever its C library knows.
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
  ]);
  try {
    await run(program, args, { ...options, timeout: initTimeoutMs });
    await rename(aside, cluster.folder);
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim();
    throw new DoorbusterError('internal_error', `initdb failed: ${said || (error as Error).message}`);
  } finally {
    await rm(passwordFile, { force: true });
  }
}
