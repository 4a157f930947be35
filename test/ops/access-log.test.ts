import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { AccessLines } from '../../src/ops/access-log.ts';
import { until } from '../persistence/support.ts';

const folder = mkdtempSync(join(tmpdir(), 'doorbuster-access-'));
afterAll(() => rmSync(folder, { recursive: true }));

const dropped = (log: AccessLines) => log.metrics()[0]!.samples[0]!.value;

test('each request has one line of JSON with its id, route, status, time, address and account', async () => {
  const path = join(folder, 'file.log');
  const fd = openSync(path, 'w');
  const log = new AccessLines(3, fd);
  const awkward = '"\\/{}:=\'<>';
  log.line('iad1::iad1::7k2xw', 'placeHold', 201, 1.23456, '203.0.113.7', 'acc_1', 'http');
  log.line(awkward, 'unknown', 404, 0, '2001:db8::1', null, 'live');
  for (let i = 0; i < 5_000; i++) log.line(`id-${i}`, 'listSales', 200, i, '127.0.0.1', null, 'http');
  await log.stop();
  closeSync(fd);
  const lines = readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines).toHaveLength(5_002);
  expect(lines[0]).toEqual({
    level: 30,
    time: expect.any(Number),
    gateway: 3,
    requestId: 'iad1::iad1::7k2xw',
    via: 'http',
    route: 'placeHold',
    status: 201,
    ms: 1.23,
    address: '203.0.113.7',
    account: 'acc_1',
    msg: 'request',
  });
  expect(lines[1]).toMatchObject({ requestId: awkward, via: 'live', status: 404, address: '2001:db8::1' });
  expect(lines[1].account).toBeUndefined();
  expect(lines.at(-1).requestId).toBe('id-4999');
  expect(dropped(log)).toBe(0);
});

test('a line is written soon, without being asked for', async () => {
  const path = join(folder, 'soon.log');
  const fd = openSync(path, 'w');
  const log = new AccessLines(0, fd);
  log.line('a', 'listSales', 200, 1, '127.0.0.1', null, 'http');
  await until(() => readFileSync(path, 'utf8').endsWith('\n'));
  closeSync(fd);
});

test('a reader that does not read costs lines, which are counted and told, and neither memory nor time', async () => {
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  const fd = openSync(path, constants.O_RDWR);
  const log = new AccessLines(0, fd);
  const startedAtMs = performance.now();
  const lines = 50_000;
  for (let i = 0; i < lines; i++) {
    log.line(`id-${i}`.padEnd(100, '.'), 'listSales', 200, 1, '127.0.0.1', null, 'http');
    if (i % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const lost = dropped(log);
  expect(lost).toBeGreaterThan(lines / 2);
  expect(performance.now() - startedAtMs).toBeLessThan(5_000);
  // The reader is back: what was kept comes whole, and then how much was not.
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  let text = '';
  const bytes = Buffer.alloc(64 * 1024);
  await until(() => {
    try {
      text += bytes.toString('latin1', 0, readSync(reader, bytes));
    } catch {
      // Nothing there just now.
    }
    return text.includes('were dropped') && text.split('\n').length - 1 > lines - lost;
  }, 10_000);
  const got = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  // The last piece of lines may come after the line that tells of the others.
  expect(got.filter(({ level }) => level === 40)).toMatchObject([{ lines: lost }]);
  expect(got).toHaveLength(lines - lost + 1);
  closeSync(reader);
  closeSync(fd);
}, 30_000);
