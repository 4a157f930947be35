/**
 * `npm run import -- products.csv`: sends a file to a running server as its seller, and waits until it has been read.
 * It is POST /v1/imports as any program may use it; a file that is sent again changes nothing twice.
 *
 * Ends with 0 when every line was taken, 1 when some were refused or the import failed or was stopped, 2 for bad flags,
 * 3 when the server cannot be reached or does not take the file. Ctrl-C ends the waiting, not the import.
 */
import '../environment.ts';
import { randomUUID } from 'node:crypto';
import { openAsBlob } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Import } from '../market/imports/schemas.ts';

const usage = `usage: npm run import -- FILE [--url URL] [--email EMAIL]
  FILE      .csv, .ndjson or .jsonl, or one of these packed as .gz
  --url     of the server, http://127.0.0.1:8080 when not given
  --email   of the seller, or SELLER_EMAIL; the password is read from SELLER_PASSWORD
`;
const pollMs = 500;
const attemptsMax = 5;
const errorsPrinted = 20;

interface Task {
  readonly file: string;
  readonly contentType: string;
  readonly isGzip: boolean;
  readonly url: string;
  readonly email: string;
  readonly password: string;
}

/** The server does not do it. */
class Refused extends Error {}

async function main(): Promise<number> {
  let task: Task;
  try {
    task = readTask();
  } catch (error) {
    process.stderr.write(`import: ${(error as Error).message}\n${usage}`);
    return 2;
  }
  try {
    return await run(new Client(task), task);
  } catch (error) {
    // What fetch throws says why in its cause.
    const reason = (error as { cause?: Error }).cause ?? (error as Error);
    process.stderr.write(`import: ${reason.message}\n`);
    return 3;
  }
}

function readTask(): Task {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { url: { type: 'string' }, email: { type: 'string' } },
  });
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new Error('which file?');
  const name = /\.(csv|ndjson|jsonl)(\.gz)?$/i.exec(file);
  if (name === null) throw new Error(`${file} is neither .csv nor .ndjson`);
  const email = values.email ?? process.env.SELLER_EMAIL;
  const password = process.env.SELLER_PASSWORD;
  if (!email || !password) throw new Error('who is the seller? --email and SELLER_PASSWORD');
  return {
    ...{ file, email, password },
    contentType: name[1]!.toLowerCase() === 'csv' ? 'text/csv' : 'application/x-ndjson',
    isGzip: name[2] !== undefined,
    url: new URL(values.url ?? 'http://127.0.0.1:8080').origin,
  };
}

async function run(client: Client, { file, contentType, isGzip }: Task): Promise<number> {
  const body = await openAsBlob(file);
  await client.signIn();
  process.stderr.write(`import: sending ${file}, ${body.size.toLocaleString('en-US')} bytes\n`);
  const { importId } = await client.ask<{ importId: string }>('POST', '/v1/imports', {
    body,
    headers: {
      'content-type': contentType,
      // A repeat after a lost answer is the same import.
      'idempotency-key': randomUUID(),
      ...(isGzip && { 'content-encoding': 'gzip' }),
    },
  });
  process.once('SIGINT', () => {
    process.stderr.write(`\nimport: ${importId} goes on without us: GET /v1/imports/${importId}\n`);
    process.exit(130);
  });
  for (;;) {
    const read = await client.ask<Import>('GET', `/v1/imports/${importId}`);
    progress(read);
    if (read.status !== 'running') return report(read);
    await delay(pollMs);
  }
}

const shown = (value: number) => value.toLocaleString('en-US');

function progress({ percent, linesRead, created, updated, unchanged, rejected }: Import): void {
  if (!process.stderr.isTTY) return;
  const counts = `${shown(created)} created, ${shown(updated)} updated, ${shown(unchanged)} unchanged`;
  process.stderr.write(
    `\r${percent} %: ${shown(linesRead)} lines, ${counts}, ${shown(rejected)} refused \x1b[K`,
  );
}

function report(read: Import): number {
  const { importId, status, errors, linesRead, created, updated, unchanged, rejected } = read;
  if (process.stderr.isTTY) process.stderr.write('\n');
  for (const { line, code, message } of errors.slice(0, errorsPrinted))
    process.stdout.write(`line ${line}: ${code}: ${message}\n`);
  if (errors.length > errorsPrinted)
    process.stdout.write(`more of them: GET /v1/imports/${importId}/errors\n`);
  const counts = `${shown(created)} created, ${shown(updated)} updated, ${shown(unchanged)} unchanged`;
  process.stdout.write(
    `${importId} ${status}: ${shown(linesRead)} lines, ${counts}, ${shown(rejected)} refused\n`,
  );
  return status === 'done' && rejected === 0 ? 0 : 1;
}

interface Request {
  readonly body?: Blob | string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Asks again while that may help: the server is away for a moment, busy, or wants a new token. */
class Client {
  readonly #task: Task;
  #token = '';

  constructor(task: Task) {
    this.#task = task;
  }

  async signIn(): Promise<void> {
    const { email, password } = this.#task;
    this.#token = '';
    const { accessToken } = await this.ask<{ accessToken: string }>('POST', '/v1/auth/login', {
      body: JSON.stringify({ email, password }),
      headers: { 'content-type': 'application/json' },
    });
    this.#token = accessToken;
  }

  async ask<Body>(method: string, path: string, { body, headers }: Request = {}): Promise<Body> {
    for (let attempt = 1; ; attempt++) {
      const isLast = attempt === attemptsMax;
      const response = await fetch(this.#task.url + path, {
        method,
        headers: { ...headers, ...(this.#token && { authorization: `Bearer ${this.#token}` }) },
        ...(body !== undefined && { body }),
      }).catch((error: unknown) => {
        if (isLast) throw error;
        return null;
      });
      if (response?.ok) return (await response.json()) as Body;
      if (response?.status === 401 && this.#token !== '' && !isLast) {
        await this.signIn();
        continue;
      }
      const isPassing = response === null || response.status === 429 || response.status >= 500;
      if (response !== null && (isLast || !isPassing)) throw new Refused(await reasonOf(path, response));
      const seconds = Number(response?.headers.get('retry-after') ?? 0);
      await delay(Math.max(seconds * 1_000, 250 * 2 ** attempt));
    }
  }
}

async function reasonOf(path: string, response: Response): Promise<string> {
  const problem = (await response.json().catch(() => ({}))) as { code?: string; detail?: string };
  return `${path} was answered ${response.status} ${problem.code ?? ''}: ${problem.detail ?? response.statusText}`;
}

process.exitCode = await main();
