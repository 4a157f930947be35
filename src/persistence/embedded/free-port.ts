/** Whether a port may be listened on, and which one is free. */
import { type AddressInfo, createServer } from 'node:net';

/**
 * Makes sure that nobody listens there, and answers with the port (0 picks a free one that is none of `taken`, which
 * somebody is going to listen on). Gateway threads share their port by SO_REUSEPORT, so the kernel would let a second
 * server in and spread the buyers over both.
 */
export async function freePort(host: string, port: number, taken: readonly number[] = []): Promise<number> {
  for (;;) {
    const free = await tryPort(host, port);
    if (port !== 0 || !taken.includes(free)) return free;
  }
}

function tryPort(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reason = error.code === 'EADDRINUSE' ? 'it is in use' : error.message;
      reject(new Error(`cannot listen on ${host}:${port}: ${reason}`));
    });
    server.listen({ host, port, exclusive: true }, () => {
      const { port: bound } = server.address() as AddressInfo;
      server.close(() => resolve(bound));
    });
  });
}
