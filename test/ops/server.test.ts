/** The operators' endpoint by itself: who may ask, and what it says before anything else is there. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startOps } from '../../src/ops/server.ts';
import { expectClosedToPages, expectOpenToPrograms } from '../support/strangers.ts';

let ops: Awaited<ReturnType<typeof startOps>>;
let restarted: number[] = [];
let url = '';

beforeAll(async () => {
  ops = await startOps({
    host: '127.0.0.1',
    port: 0,
    hosts: ['ops.internal'],
    checks: async () => ({ recovery: { isOk: false, detail: 'recovering the partitions' } }),
    facts: () => ({}),
    metrics: async () => 'up 1\n',
    async restartShard(shard) {
      restarted.push(shard);
      return shard === 0;
    },
  });
  url = `http://127.0.0.1:${ops.port}`;
});
afterAll(() => ops.stop());

describe("the operators' endpoint", () => {
  it('refuses every path to pages in a browser, and restarts nothing for them', async () => {
    restarted = [];
    await expectClosedToPages(url, [
      { method: 'GET', path: '/livez' },
      { method: 'HEAD', path: '/livez' },
      { method: 'GET', path: '/readyz' },
      { method: 'GET', path: '/metrics' },
      { method: 'GET', path: '/nothing' },
      { method: 'GET', path: '/shards/0/restart' },
      { method: 'POST', path: '/shards/0/restart' },
      { method: 'POST', path: '/shards/0/restart', body: 'a=b' },
    ]);
    expect(restarted).toEqual([]);
  });

  it('answers programs of this machine, and the names in OPS_HOSTS', async () => {
    await expectOpenToPrograms(url, '/livez');
    await expectOpenToPrograms(url, '/metrics');
    expect((await fetch(`${url}/shards/0/restart`, { method: 'POST' })).status).toBe(202);
    expect(restarted).toEqual([0]);
  });

  it('says what is wrong as a problem', async () => {
    for (const [method, path, status, code] of [
      ['GET', '/nothing', 404, 'not_found'],
      ['POST', '/shards/9/restart', 404, 'not_found'],
      ['GET', '/shards/0/restart', 405, 'method_not_allowed'],
      ['DELETE', '/readyz', 405, 'method_not_allowed'],
    ] as const) {
      const answer = await fetch(`${url}${path}`, { method });
      expect(answer.status).toBe(status);
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
      expect(await answer.json()).toMatchObject({ status, code, type: `urn:doorbuster:problem:${code}` });
    }
  });

  it('lives before it is ready', async () => {
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    const ready = await fetch(`${url}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({
      status: 'not_ready',
      checks: { recovery: { status: 'failed' } },
    });
  });
});
