/** Threads for the supervisor's tests: each answers requests, and does what the test says over a channel of its own. */
import { BroadcastChannel } from 'node:worker_threads';
import type { Thread } from '../../src/runtime/thread.ts';
import type { Role } from '../../src/runtime/thread-messages.ts';
import { runWorker } from '../../src/runtime/worker.ts';

export interface PuppetData {
  readonly channel: string;
  /** A second channel, on which it says how it ended. */
  readonly farewells: string;
  readonly info?: unknown;
  /** It dies before it is ready. */
  readonly isStillborn?: boolean;
  /** It starts and is never ready. */
  readonly isLate?: boolean;
  /** Its stop never ends by itself. */
  readonly isStubborn?: boolean;
}

export interface PuppetNumbers {
  answer: unknown;
  /** Orders. */
  obeyed: number;
}

export type Order = 'lose' | 'retire' | 'fail' | 'throw' | { readonly ask: Role; readonly index: number };

/** How its role was asked to end. */
export type Farewell = 'stopped' | 'abandoned';

async function run(
  thread: Thread,
  { channel, farewells, info = null, isStillborn, isLate, isStubborn }: PuppetData,
): Promise<void> {
  if (isStillborn) throw new Error('stillborn');
  if (isLate) await new Promise(() => {});
  const numbers: PuppetNumbers = { answer: null, obeyed: 0 };

  const orders = new BroadcastChannel(channel);
  orders.onmessage = ({ data }) => {
    const order = data as Order;
    numbers.obeyed++;
    if (order === 'lose') thread.replaced('another process has taken a part');
    else if (order === 'retire') thread.retired('another process has come');
    else if (order === 'fail') thread.fatal('it was told to fail');
    else if (order === 'throw') throw new Error('it was told to throw');
    else {
      const peer = thread.peer(order.ask, order.index);
      if (!peer) numbers.answer = 'nobody';
      else
        peer.request('puppet', 'a', { type: 'Hello' }, (given) => {
          numbers.answer = given;
        });
    }
  };

  const last = new BroadcastChannel(farewells);
  const leave = (how: Farewell) => last.postMessage(how);
  thread.ready(
    {
      onRequest: (kind, key, command, reply) => reply('ok', `${kind}/${key} was told ${command.type}`),
      stats: () => numbers,
      async stop() {
        if (isStubborn) await new Promise(() => {});
        leave('stopped');
        return true;
      },
      abandon: () => leave('abandoned'),
    },
    info,
  );
}

const puppet = async () => ({ run });
runWorker({
  ...{ shard: puppet, gateway: puppet, 'back-office': puppet, snapshotter: puppet, sandbox: puppet },
});
