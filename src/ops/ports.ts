/** On which ports a server listens: those that were asked for, and free ones in place of 0; none twice. */
import type { Config } from '../config.ts';
import { freePort } from '../persistence/embedded/free-port.ts';

export interface Ports {
  readonly ops: number;
  readonly public: number;
  readonly sandbox: number;
}

export const loopback = '127.0.0.1';

/** Throws when somebody listens on one of them already. */
export async function choosePorts(config: Config): Promise<Ports> {
  const { host, port, opsPort, sandboxPort, stripe } = config;
  const taken = [port, opsPort, sandboxPort];
  const choose = async (at: string, asked: number) => {
    const chosen = await freePort(at, asked, taken);
    taken.push(chosen);
    return chosen;
  };
  return {
    ops: await choose(loopback, opsPort),
    public: await choose(host, port),
    // With Stripe nothing listens there.
    sandbox: stripe.secretKey === null ? await choose(loopback, sandboxPort) : sandboxPort,
  };
}
