/** The opening of a live socket is a request like any other: in the log, in the metrics, and in what its refusal says. */
import { connect as connectTcp } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { about, loadLive, loadRoutes } from '../../../src/features.ts';
import { type Gateway, startGateway } from '../../../src/gateway/gateway.ts';
import { until } from '../engine.ts';
import { uploadFolder } from '../harness.ts';
import { connect } from '../live-client.ts';
import { openShop, type Shop } from '../shop.ts';

interface Line {
  readonly requestId: string;
  readonly route: string;
  readonly status: number;
  readonly address: string;
  readonly via: string;
}

let shop: Shop;
let gateway: Gateway;
const lines: Line[] = [];
beforeAll(async () => {
  shop = await openShop();
  const { config } = shop.services;
  const services = {
    ...shop.services,
    config: { ...config, limits: { ...config.limits, connectionsMax: 1 } },
    accessLog: {
      line: (
        requestId: string,
        route: string,
        status: number,
        _ms: number,
        address: string,
        _: unknown,
        via: string,
      ) => void lines.push({ requestId, route, status, address, via }),
    },
  };
  const [routes, live] = await Promise.all([loadRoutes(), loadLive()]);
  gateway = await startGateway({ services, routes, live, about, host: '127.0.0.1', port: 0, uploadFolder });
});
afterAll(async () => {
  await gateway.stop(1_000);
  await shop.stop();
});

/** Everything that comes back until the connection is closed. */
async function upgrade(requestId: string, more = '', behind = ''): Promise<string> {
  const socket = connectTcp(gateway.port, '127.0.0.1');
  socket.write(
    `GET /v1/live HTTP/1.1\r\nHost: x\r\n${more}Upgrade: websocket\r\nConnection: Upgrade\r\nX-Request-Id: ${requestId}\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n${behind}`,
  );
  let text = '';
  for await (const bytes of socket) text += bytes;
  return text;
}

it('has one line in the log and one answer in the metrics, whether it is let in or not', async () => {
  const live = await connect(gateway.port, [], { 'x-request-id': 'let-in' });
  expect(await upgrade('no-room')).toMatch(/^HTTP\/1.1 503 /);
  live.close();
  await until(() => gateway.stats().live.connections === 0);
  expect(await upgrade('two-hosts', 'Host: y\r\n')).toMatch(/^HTTP\/1.1 400 /);
  const opening = { route: 'openLive', address: '127.0.0.1', via: 'http' };
  expect(lines).toEqual([
    { requestId: 'let-in', status: 101, ...opening },
    { requestId: 'no-room', status: 503, ...opening },
    { requestId: 'two-hosts', status: 400, ...opening },
  ]);
  const requests = gateway.metrics().find(({ name }) => name === 'doorbuster_http_request_seconds')!;
  const counted = requests.samples.filter(
    ({ labels, metricName }) => metricName?.endsWith('_count') && labels.route === 'openLive',
  );
  expect(counted.map(({ labels, value }) => [labels.status, value])).toEqual([
    [101, 1],
    [503, 1],
    [400, 1],
  ]);
});

it('that is refused is kept by nobody, closes, and nothing behind it in the same segment is read', async () => {
  const live = await connect(gateway.port);
  const answer = await upgrade('cached?');
  expect(answer).toContain('Content-Type: application/problem+json\r\n');
  expect(answer).toContain('X-Request-Id: cached?\r\n');
  expect(answer).toContain('Cache-Control: no-store\r\n');
  expect(answer).toContain('Connection: close\r\n');
  expect(answer).toContain('Retry-After: 5\r\n');
  const before = lines.length;
  const smuggled = await upgrade('first', 'Host: y\r\n', 'GET /v1/sales HTTP/1.1\r\nHost: x\r\n\r\n');
  expect(smuggled).not.toContain('"items"');
  expect(lines.slice(before).map(({ requestId }) => requestId)).toEqual(['first']);
  live.close();
});
