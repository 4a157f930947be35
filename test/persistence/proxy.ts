/** A TCP relay that can lose answers: requests reach the server, replies do not come back. */
import { connect, createServer, type Socket } from 'node:net';

export interface LossyProxy {
  readonly port: number;
  /** From now on replies are swallowed; the first request that comes through is followed by a broken connection. */
  loseNextReply(): void;
  /** How many connections were cut that way. */
  readonly cuts: number;
  close(): Promise<void>;
}

export async function startLossyProxy(targetPort: number): Promise<LossyProxy> {
  const sockets = new Set<Socket>();
  let isArmed = false;
  let cuts = 0;
  const server = createServer((client) => {
    const target = connect(targetPort, '127.0.0.1');
    for (const socket of [client, target]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
    }
    let isLosing = false;
    client.on('data', (bytes) => {
      if (isArmed) {
        isArmed = false;
        isLosing = true;
      }
      target.write(bytes);
    });
    target.on('data', (bytes) => {
      if (!isLosing) {
        client.write(bytes);
        return;
      }
      // The server has answered, so it has done what was asked: now the connection breaks.
      cuts++;
      client.destroy();
      target.destroy();
    });
    client.on('close', () => target.destroy());
    target.on('close', () => client.destroy());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    port: (server.address() as { port: number }).port,
    loseNextReply() {
      isArmed = true;
    },
    get cuts() {
      return cuts;
    },
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((done) => server.close(() => done()));
    },
  };
}
