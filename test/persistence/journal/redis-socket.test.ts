/** One connection to a Redis that answers as the test says. */
import { createServer, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import type { RedisReply } from '../../../src/persistence/journal/redis-command.ts';
import { RedisSocket } from '../../../src/persistence/journal/redis-socket.ts';
import { until } from '../support.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** `seen`: what the server was sent. */
async function connection(replyTimeoutMs: number) {
  let server: Socket | null = null;
  let seen = '';
  const listener = createServer((socket) => {
    server = socket;
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      seen += bytes.toString('latin1');
    });
  });
  await new Promise<void>((done) => listener.listen(0, '127.0.0.1', done));
  const { port } = listener.address() as { port: number };
  const news: string[] = [];
  const address = { host: '127.0.0.1', port, isTls: false, database: 0, credentials: null };
  const socket = new RedisSocket(address, replyTimeoutMs, {
    onConnect: () => news.push('connected'),
    onClose: () => news.push('closed'),
    onError: (error) => news.push(error.message),
    onMessage: (message) => news.push(`message ${Buffer.from(message)}`),
  });
  closers.push(() => {
    socket.end();
    listener.close();
  });
  await until(() => news.includes('connected') && server);
  return { socket, server: server! as Socket, news, seen: () => seen };
}

const shown = (replies: readonly RedisReply[]) =>
  replies.map((reply) =>
    reply.error ? `${reply.isAnswer ? 'no' : '?'} ${reply.error.message}` : `${reply.value}`,
  );

it('gives each call its answers, in order, whatever Redis refuses among them', async () => {
  const { socket, server, seen } = await connection(10_000);
  const calls = Promise.all([socket.send([['a'], ['b']]), socket.send([['c']]), socket.send([])]);
  await until(() => seen().endsWith('c\r\n'));
  server.write('+1\r\n-ERR no\r\n+3\r\n');
  expect((await calls).map(shown)).toEqual([['1', 'no ERR no'], ['3'], []]);
});

it('does not take an answer that comes too late for that of the next command', async () => {
  const { socket, server } = await connection(1_000);
  const first = socket.send([['a'], ['b']]);
  server.write('+1\r\n');
  expect(shown(await first)).toEqual(['1', '? Redis did not answer in time']);
  const second = socket.send([['c']]);
  server.write('+2\r\n+3\r\n');
  expect(shown(await second)).toEqual(['3']);
});

it('leaves open what was not answered when the connection breaks, and says first that it has', async () => {
  const { socket, server, news } = await connection(10_000);
  const calls = Promise.all([socket.send([['a'], ['b']]), socket.send([['c']])]).then((answers) => {
    news.push('answered');
    return answers;
  });
  server.end('+1\r\n');
  expect((await calls).map(shown)).toEqual([['1', '? the connection broke'], ['? the connection broke']]);
  expect(news.slice(1)).toEqual(['closed', 'answered']);
  expect(shown(await socket.send([['d']]))).toEqual(['? the connection is closed']);
});

it.each([
  ['what is no reply', 'HTTP/1.1 400\r\n', 'something that is no reply'],
  ['an answer to nothing', '+1\r\n', 'was not asked'],
])('ends when it is sent %s', async (_, bytes, says) => {
  const { server, news } = await connection(10_000);
  server.write(bytes);
  await until(() => news.includes('closed'));
  expect(news[1]).toContain(says);
});

it('tells messages of a channel from answers', async () => {
  const { socket, server, news } = await connection(10_000);
  const call = socket.send([['subscribe', 'news']]);
  server.write(
    '*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n',
  );
  expect(shown(await call)).toEqual(['subscribe,news,1']);
  expect(news).toContain('message hi');
});
