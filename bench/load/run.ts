/** One run of autocannon, measured by step, by second and by code. */
import autocannon from 'autocannon';
import { createHistogram, createTally, type Histogram } from '../crowd/statistics.ts';
import type { LoadOptions } from './options.ts';
import type { Scene } from './scenes.ts';

export interface Latency {
  readonly p50: number | null;
  readonly p97_5: number | null;
  readonly p99: number | null;
  readonly max: number | null;
}

export interface LoadResult {
  readonly target: string;
  readonly url: string;
  readonly connections: number;
  readonly rate: number | null;
  readonly seconds: number;
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** Why it ended: its time was over, or what was prepared was used up. */
  readonly ending: 'time' | 'prepared';
  readonly latencyMs: Latency;
  readonly steps: Readonly<Record<string, Latency & { readonly count: number }>>;
  readonly statuses: Readonly<Record<string, number>>;
  /** Refusals by their code, and connections that broke or stayed silent. */
  readonly errors: Readonly<Record<string, number>>;
  readonly bySecond: readonly (Latency & { readonly requests: number })[];
}

/** A refusal's body begins with its code. */
const problemPattern = /^\{"type":"urn:doorbuster:problem:(\w+)"/;

export async function runLoad(
  options: LoadOptions,
  scene: Scene,
  say: (line: string) => void,
): Promise<LoadResult> {
  const all = createHistogram();
  const bySecond: LoadResult['bySecond'][number][] = [];
  const byStep = new Map<string, Histogram>(scene.steps.map(({ name }) => [name, createHistogram()]));
  const errors = createTally();
  let second = createHistogram();
  let answered = scene.steps[0]!.name;
  // autocannon reports a step's answer and then the response, in one go.
  const requests = scene.steps.map(({ name, request, onAnswer }) => {
    if (scene.steps.length === 1) return request;
    const onResponse = (status: number, body: string, context: object) => {
      answered = name;
      onAnswer?.(status, body, context);
    };
    return { ...request, onResponse };
  });
  const instance = autocannon(
    {
      url: options.url,
      connections: options.connections,
      duration: options.durationSeconds,
      timeout: 20,
      requests,
      ...(options.rate === null ? {} : { overallRate: options.rate }),
      ...(scene.requestsMax === null ? {} : { maxOverallRequests: scene.requestsMax }),
      verifyBody(body) {
        const [, code] = problemPattern.exec(String(body)) ?? [];
        if (code !== undefined) errors.add(code);
        return true;
      },
    },
    () => {},
  );
  instance.on('response', (_client, _status, _bytes, ms) => {
    for (const histogram of [all, second, byStep.get(answered)!]) histogram.record(ms);
  });
  instance.on('reqError', (error) => errors.add(error?.code ?? error?.message ?? 'connection lost'));
  instance.on('tick', () => {
    if (second.count === 0 && bySecond.length >= options.durationSeconds) return;
    const past = { requests: second.count, ...latencyOf(second) };
    bySecond.push(past);
    second = createHistogram();
    say(secondLine(bySecond.length, past, errors.toObject()));
  });
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    instance.once('done', resolve);
    instance.once('error', reject);
  });
  return {
    target: options.target,
    url: options.url,
    connections: options.connections,
    rate: options.rate,
    seconds: result.duration,
    requests: all.count,
    requestsPerSecond: Math.round(all.count / Math.max(result.duration, 0.001)),
    ending: scene.requestsMax !== null && result.requests.sent >= scene.requestsMax ? 'prepared' : 'time',
    latencyMs: latencyOf(all),
    steps: Object.fromEntries([...byStep].map(([name, of]) => [name, { count: of.count, ...latencyOf(of) }])),
    statuses: Object.fromEntries(
      Object.entries(result.statusCodeStats ?? {}).map(([status, { count }]) => [status, Number(count)]),
    ),
    errors: errors.toObject(),
    bySecond,
  };
}

function latencyOf(histogram: Histogram): Latency {
  const at = (share: number) => {
    const ms = histogram.quantile(share);
    return ms === null ? null : Math.round(ms * 100) / 100;
  };
  return { p50: at(0.5), p97_5: at(0.975), p99: at(0.99), max: at(1) };
}

function secondLine(
  number: number,
  { requests, p50, p97_5, p99 }: Latency & { readonly requests: number },
  errors: Readonly<Record<string, number>>,
): string {
  const refused = Object.entries(errors).map(([code, count]) => `${count} ${code}`);
  return (
    `${String(number).padStart(4)} s ${requests.toLocaleString('en-US').padStart(9)} answers   p50 ${shown(p50)}  p97.5 ${shown(p97_5)}  p99 ${shown(p99)} ms` +
    (refused.length > 0 ? `   so far: ${refused.join(', ')}` : '')
  );
}

const shown = (ms: number | null) => (ms === null ? '-' : ms.toFixed(ms < 10 ? 2 : 0)).padStart(6);

export function resultText(result: LoadResult): string {
  const { steps, statuses, errors, ending } = result;
  const row = (name: string, count: number, { p50, p97_5, p99, max }: Latency) =>
    `${name.padEnd(12)}${count.toLocaleString('en-US').padStart(10)}${[p50, p97_5, p99, max].map((ms) => shown(ms).padStart(10)).join('')}`;
  const counts = (of: Readonly<Record<string, number>>) =>
    Object.entries(of)
      .map(([name, count]) => `${count.toLocaleString('en-US')} ${name}`)
      .join(', ') || 'none';
  return [
    '',
    `${result.target} at ${result.url}: ${result.requestsPerSecond.toLocaleString('en-US')} answers a second over ${result.seconds.toFixed(1)} s, ${result.connections} connections${result.rate === null ? '' : `, asked for ${result.rate.toLocaleString('en-US')}/s`}${ending === 'prepared' ? ' (it ended because all that was prepared was used)' : ''}`,
    '',
    `${'ms'.padEnd(12)}${'answers'.padStart(10)}${['p50', 'p97.5', 'p99', 'max'].map((name) => name.padStart(10)).join('')}`,
    ...Object.entries(steps).map(([name, step]) => row(name, step.count, step)),
    ...(Object.keys(steps).length > 1 ? [row('all', result.requests, result.latencyMs)] : []),
    '',
    `statuses    ${counts(statuses)}`,
    `errors      ${counts(errors)}`,
    '',
  ].join('\n');
}
