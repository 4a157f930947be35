/**
 * Files in a bucket of a store that speaks S3, addressed by path (`https://store/bucket/name`), which all of them
 * understand. The bucket is made by whoever runs the store.
 *
 * Every request ends within its time and is tried again while the store says that it is busy.
 */
import { createHash } from 'node:crypto';
import { AwsClient } from 'aws4fetch';
import { DoorbusterError } from '../../protocol/errors.ts';
import type { Log } from '../../protocol/log.ts';
import { checkedName } from './name.ts';

export interface S3Settings {
  /** Without a slash at its end. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const requestMsMax = 10_000;
const retries = 2;
/** Nothing that was put is longer; whatever else the address answers with is not read to its end. */
const fileBytesMax = 32 * 1024 * 1024;
/** A store that is away is told of once in so long. */
const toldEveryMs = 10_000;

export function openS3(settings: S3Settings, log: Log) {
  const { endpoint, bucket, region, accessKeyId, secretAccessKey } = settings;
  const client = new AwsClient({ accessKeyId, secretAccessKey, region, service: 's3', retries });

  let toldAtMs = Number.NEGATIVE_INFINITY;
  /** The store's own words are for whoever runs it. */
  const refused = (reason: string): never => {
    if (performance.now() - toldAtMs > toldEveryMs) {
      toldAtMs = performance.now();
      log('warn', 'the file store does not answer as it should', { endpoint, bucket, reason });
    }
    throw new DoorbusterError('busy', 'The file store does not answer as it should: try again');
  };

  const send = async (method: string, name: string, init: RequestInit = {}): Promise<Response> => {
    const url = `${endpoint}/${bucket}/${checkedName(name)}`;
    const signal = AbortSignal.timeout(requestMsMax);
    const answer = await client
      .fetch(url, { method, redirect: 'error', ...init, signal })
      .catch((error) => refused(String(error)));
    if (answer.ok || answer.status === 404) return answer;
    return refused(`${answer.status} ${(await answer.text()).slice(0, 300)}`);
  };

  return {
    async put(name: string, bytes: Uint8Array): Promise<void> {
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const body = new Uint8Array(bytes);
      const answer = await send('PUT', name, { body, headers: { 'X-Amz-Content-Sha256': sha256 } });
      await answer.arrayBuffer();
      if (answer.status === 404) refused(`there is no bucket ${bucket}`);
    },
    async get(name: string): Promise<Uint8Array | null> {
      const answer = await send('GET', name);
      if (answer.status === 404) {
        await answer.body?.cancel();
        return null;
      }
      if (Number(answer.headers.get('content-length') ?? 0) > fileBytesMax) refused(`${name} is too long`);
      return new Uint8Array(await answer.arrayBuffer().catch((error) => refused(String(error))));
    },
    async delete(name: string): Promise<void> {
      await (await send('DELETE', name)).arrayBuffer();
    },
    async tidy(): Promise<void> {},
  };
}
