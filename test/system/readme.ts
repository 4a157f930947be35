/** The commands of the README, to be run as they are printed. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repository } from './server.ts';

const printed = { api: 'http://127.0.0.1:8080', mail: /\.data\/mail\//g };

/** Where they run instead of where they say. */
interface Place {
  readonly url: string;
  readonly dataDir: string;
}

/** What the commands under this heading print, line by line. Walks share the definitions before the first of them. */
export async function runWalk(heading: string, { url, dataDir }: Place): Promise<string[]> {
  const readme = await readFile(join(repository, 'README.md'), 'utf8');
  const under = (name: string) =>
    [
      ...readme
        .split(`\n## ${name}\n`)[1]!
        .split('\n## ')[0]!
        .matchAll(/```bash\n([\s\S]*?)```/g),
    ].map(([, commands]) => commands!);
  const [definitions, drop] = under('Walk through a drop') as [string, string];
  if (!definitions.includes(printed.api)) throw new Error('the README names another server');
  const walk = heading === 'Walk through a drop' ? drop : under(heading)[0]!;
  const script = `${definitions}${walk}`
    .replace(printed.api, url)
    .replace(printed.mail, `${join(dataDir, 'mail')}/`);
  const { stdout } = await promisify(execFile)('bash', ['-eu', '-c', script], {
    cwd: repository,
    timeout: 60_000,
  });
  return stdout.trim().split('\n');
}
