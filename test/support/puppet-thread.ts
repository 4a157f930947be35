/** A thread for the supervisor's tests: it answers requests, and does what the test says over a channel of its own. */
import { BroadcastChannel } from 'node:worker_threads';
import { startThread, threadData } from '../../src/runtime/thread.ts';
import type { Role } from '../../src/runtime/thread-messages.ts';

export interface PuppetData {
  readonly channel: string;
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

const { channel, info = null, isStillborn, isLate, isStubborn } = threadData<PuppetData>();
if (isStillborn) throw new Error('stillborn');
const thread = startThread();
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

thread.ready(
  {
    onRequest: (kind, key, command, reply) => reply('ok', `${kind}/${key} was told ${command.type}`),
    stats: () => numbers,
    stop: () => (isStubborn ? new Promise(() => {}) : Promise.resolve(true)),
  },
  info,
);
