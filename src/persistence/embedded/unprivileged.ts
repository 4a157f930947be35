/**
 * PostgreSQL refuses to run as root. A server started by root runs it as the user `postgres` instead.
 *
 * 1. That user is created when it is missing.
 * 2. It must be able to reach the program and the data. A folder above them that is closed to it (a checkout under
 *    /root, a temporary folder) is not opened by us: the process gets the one capability that looks past folder
 *    permissions instead, and where that cannot be had, the error names the folder.
 * 3. It is given no environment but the path: PGDATA, PGOPTIONS, LC_ALL and the like are meant for others.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { promisify } from 'node:util';
import { DoorbusterError } from '../../protocol/errors.ts';

const run = promisify(execFile);
const userName = 'postgres';

export interface RunAs {
  /** null: as ourselves. */
  readonly user: { readonly uid: number; readonly gid: number } | null;
  /** The program and arguments that start `program` as that user, and spawn options that go with them. */
  command(program: string, args: readonly string[]): { program: string; args: string[]; options: object };
}

/** With the locale of the cluster, which every machine has. */
const environment = { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' };

async function lookUp(): Promise<{ uid: number; gid: number } | null> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', userName]), run('id', ['-g', userName])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return null;
  }
}

async function createUser(): Promise<void> {
  const ways: [string, string[]][] = [
    ['useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', userName]],
    ['adduser', ['-S', '-D', '-H', userName]],
  ];
  for (const [program, args] of ways) {
    try {
      await run(program, args);
      return;
    } catch {
      // The next way, or the check by the caller, decides.
    }
  }
}

/** The first folder on the way to `path` that the user may not pass through, or null. */
async function obstacle(path: string, user: { uid: number; gid: number }): Promise<string | null> {
  const folders: string[] = [];
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    folders.unshift(folder);
    if (folder === dirname(folder)) break;
  }
  for (const folder of folders) {
    const { mode, uid, gid } = await stat(folder);
    const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return folder;
  }
  return null;
}

/** A command prefix under which the user may pass through `folder` all the same, or null. */
async function findBypass(
  user: { uid: number; gid: number },
  folder: string,
): Promise<[string, ...string[]] | null> {
  const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));
  if (!setpriv) return null;
  // Reading and searching is enough; containers often grant only the wider one.
  for (const capability of ['dac_read_search', 'dac_override']) {
    const prefix: [string, ...string[]] = [
      setpriv,
      `--reuid=${user.uid}`,
      `--regid=${user.gid}`,
      '--clear-groups',
      // Without it access(2), with which PostgreSQL looks for its own program, would ignore the capability.
      '--securebits=+no_setuid_fixup',
      `--inh-caps=-all,+${capability}`,
      `--ambient-caps=-all,+${capability}`,
      '--',
    ];
    const isPassable = await run(setpriv, [...prefix.slice(1), 'test', '-x', join(folder, sep)]).then(
      () => true,
      () => false,
    );
    if (isPassable) return prefix;
  }
  return null;
}

/** `paths`: everything that the started program must reach; each exists. */
export async function runAsPostgres(paths: readonly string[]): Promise<RunAs> {
  if (process.getuid?.() !== 0) {
    return {
      user: null,
      command: (program, args) => ({ program, args: [...args], options: { env: environment } }),
    };
  }
  let user = await lookUp();
  if (!user) {
    await createUser();
    user = await lookUp();
  }
  if (!user) {
    throw new DoorbusterError(
      'internal_error',
      `PostgreSQL does not run as root, and the user "${userName}" could not be created: run as another user, or set DATABASE_URL`,
    );
  }
  const owner = user;
  const obstacles = await Promise.all(paths.map((path) => obstacle(path, owner)));
  const closed = obstacles.find((folder) => folder !== null) ?? null;
  if (closed === null) {
    return {
      user,
      command: (program, args) => ({ program, args: [...args], options: { ...owner, env: environment } }),
    };
  }
  const bypass = await findBypass(owner, closed);
  if (bypass === null) {
    throw new DoorbusterError(
      'internal_error',
      `the user "${userName}", as which the embedded PostgreSQL runs, cannot pass through ${closed}: open it (chmod o+x), ` +
        'choose another DATA_DIR, run as another user than root, or set DATABASE_URL',
      { folder: closed },
    );
  }
  const [setpriv, ...privileges] = bypass;
  return {
    user,
    command: (program, args) => ({
      program: setpriv,
      args: [...privileges, program, ...args],
      options: { env: environment },
    }),
  };
}
