import { fork } from 'node:child_process';
import { once } from 'node:events';
import { WebSocket } from 'ws';
const child = fork('test/gateway/zz-idle.mts', [], { execArgv: ['--expose-gc'] });
const say = async (m: object) => { child.send(m); const [answer] = await once(child, 'message'); return answer as any; };
const [{ port, saleId }] = await once(child, 'message') as any;
const N = 8000;
const { tokens, rss } = await say({ type: 'tokens', count: N });
const before = await say({ type: 'mem' });
console.log('before', before);
const t0 = Date.now();
let frames = 0, bytes = 0;
const sockets: WebSocket[] = [];
for (let i = 0; i < N; i += 100) {
  await Promise.all(tokens.slice(i, i + 100).map((token: string) => new Promise<void>((resolve, reject) => {
    const ws = new WebSocket(`ws://127.0.0.1:${port}/v1/live`, { perMessageDeflate: false }); sockets.push(ws);
    ws.on('open', () => { ws.send(JSON.stringify({ type: 'authenticate', accessToken: token })); ws.send(JSON.stringify({ type: 'subscribe', id: 1, saleId })); });
    ws.on('message', (d: Buffer) => { frames++; bytes += d.length; if (d.includes('"reply"')) resolve(); });
    ws.on('error', reject);
  })));
}
console.log('connected', N, 'in', Date.now() - t0, 'ms');
await new Promise((r) => setTimeout(r, 3000));
const after = await say({ type: 'mem' });
console.log('after', after, 'rss per socket', (after.mem.rss - before.mem.rss) / N, 'heap', (after.mem.heapUsed - before.mem.heapUsed) / N, 'ext', (after.mem.external - before.mem.external) / N);
const f0 = frames, b0 = bytes, c0 = after.cpu; const t1 = Date.now();
await new Promise((r) => setTimeout(r, 6000));
const end = await say({ type: 'mem' });
const s = (Date.now() - t1) / 1000;
console.log('frames/s', (frames - f0) / s, 'bytes/s', (bytes - b0) / s, 'server cpu', ((end.cpu.user + end.cpu.system - c0.user - c0.system) / 1e6 / s).toFixed(2));
child.send({ type: 'stop' });
await once(child, 'exit');
process.exit(0);
