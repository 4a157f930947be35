/**
 * A real Elasticsearch for tests: one node from the jars that Maven Central publishes, without the archive of a whole
 * distribution. The jars are fetched once and kept in the temporary folder; each node has a home and ports of its own.
 *
 * Not in this build, because their modules are not published: `GET /`, `edge_ngram`, stemmers, `asciifolding`,
 * `synonym_graph`, painless, `_reindex`.
 */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from '../../src/persistence/embedded/free-port.ts';

const version = '8.19.5';
const sources = fileURLToPath(new URL('./elasticsearch', import.meta.url));
const startWithinMs = 60_000;

/** null: it can be started here. */
export function whyNoElasticsearch(): string | null {
  for (const program of ['mvn', 'java']) {
    if (spawnSync(program, ['-version']).status !== 0) return `no ${program} to start Elasticsearch with`;
  }
  return null;
}

export class Elasticsearch {
  readonly url: string;
  readonly #home: string;
  readonly #port: number;
  #process: ChildProcess | null = null;

  readonly #isKept: boolean;

  private constructor(home: string, port: number, isKept: boolean) {
    this.#home = home;
    this.#isKept = isKept;
    this.#port = port;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** `kept`: a folder whose data is there the next time; null: a temporary one. */
  static async start(kept: string | null = null): Promise<Elasticsearch> {
    const prepared = await prepareElasticsearch();
    const home = kept ?? (await mkdtemp(join(tmpdir(), 'doorbuster-elasticsearch-')));
    await cp(join(prepared, 'home'), home, { recursive: true });
    const node = new Elasticsearch(home, await freePort('127.0.0.1', 0), kept !== null);
    await node.run();
    return node;
  }

  /** Also after `kill`: on the same port, with what was kept. */
  async run(): Promise<void> {
    const transport = await freePort('127.0.0.1', 0, [this.#port]);
    const heap = ['-Xms256m', '-Xmx512m', '-XX:+UseSerialGC'];
    const classes = ['-cp', join(folder(), 'lib', '*'), join(sources, 'Launch.java')];
    const child = spawn('java', [...heap, ...classes, this.#home, `${this.#port}`, `${transport}`], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#process = child;
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said = `${said}${chunk}`.slice(-4_000);
    });
    const latestMs = Date.now() + startWithinMs;
    while (!(await this.#isUp())) {
      if (child.exitCode !== null) throw new Error(`Elasticsearch ended with ${child.exitCode}: ${said}`);
      if (Date.now() > latestMs) throw new Error(`Elasticsearch did not start: ${said}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async #isUp(): Promise<boolean> {
    const answer = await fetch(`${this.url}/_cluster/health`).catch(() => null);
    return answer?.ok ?? false;
  }

  /** null: it does not run. */
  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  /** As a machine that loses its power does. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Still listens, and answers nothing. */
  pause(): void {
    this.#process?.kill('SIGSTOP');
  }

  resume(): void {
    this.#process?.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    this.resume();
    await this.#end('SIGTERM');
    if (!this.#isKept) await rm(this.#home, { recursive: true, force: true });
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#process;
    if (child === null) return;
    this.#process = null;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }
}

const folder = () => join(tmpdir(), `doorbuster-elasticsearch-${version}`);

/** Fetches the jars: a minute or two, once a machine. Whoever is first does; two at once both do, and one of them is kept. */
export async function prepareElasticsearch(): Promise<string> {
  const ready = folder();
  if (await isThere(ready)) return ready;
  const making = await mkdtemp(join(tmpdir(), 'doorbuster-elasticsearch-making-'));
  const jars = join(making, 'jars');
  const pom = join(sources, 'pom.xml');
  await promisify(execFile)('mvn', [
    ...['-q', '-B', '-f', pom],
    ...['dependency:copy-dependencies', `-DoutputDirectory=${jars}`],
  ]);
  const module = join(making, 'home/modules/transport-netty4');
  await mkdir(module, { recursive: true });
  await mkdir(join(making, 'lib'));
  for (const jar of await readdir(jars)) {
    const isOfModule = jar.startsWith('netty-') || jar.startsWith('transport-netty4');
    await rename(join(jars, jar), join(isOfModule ? module : join(making, 'lib'), jar));
  }
  await writeFile(join(module, 'plugin-descriptor.properties'), descriptor);
  await mkdir(join(making, 'home/config'));
  await writeFile(join(making, 'home/config/log4j2.properties'), logging);
  await rename(making, ready).catch(async (error) => {
    await rm(making, { recursive: true, force: true });
    if (!(await isThere(ready))) throw error;
  });
  return ready;
}

async function isThere(path: string): Promise<boolean> {
  return readdir(path).then(
    () => true,
    () => false,
  );
}

const descriptor = `name=transport-netty4
description=HTTP and transport
version=${version}
elasticsearch.version=${version}
java.version=17
classname=org.elasticsearch.transport.netty4.Netty4Plugin
`;

const logging = `status = error
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{ISO8601} %-5p %c{1.}: %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
`;
