/**
 * Looks into a running server through Node's inspector: collects garbage in every thread and tells what is left.
 * The server must have been started with `inspected` in its environment.
 */
import { WebSocket } from 'ws';
import type { ServerProcess } from './server.ts';

export const inspected = { NODE_OPTIONS: '--inspect=127.0.0.1:0' };

export interface ThreadMemory {
  readonly thread: string;
  /** After a collection: live objects, the pages that they lie on, and bytes in buffers beside them. */
  readonly heapMb: number;
  readonly pagesMb: number;
  readonly buffersMb: number;
}

export interface Inspector {
  /** Collects garbage in all threads, and answers with what each still holds. */
  collect(): Promise<ThreadMemory[]>;
  close(): void;
}

interface Reply {
  readonly id?: number;
  readonly result?: { readonly result?: { readonly value?: string } };
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

type Ask = (method: string, params?: object) => Promise<Reply>;

const frameBytesMax = 16 * 1024 * 1024;
const megabyte = 1024 * 1024;

export async function openInspector(server: ServerProcess): Promise<Inspector> {
  const address = /Debugger listening on (ws:\S+)/.exec(server.log())?.[1];
  if (!address) throw new Error('the server was not started with an inspector');
  const socket = new WebSocket(address, { maxPayload: frameBytesMax });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  const waiting = new Map<number, (reply: Reply) => void>();
  const threads = new Map<string, string>();
  let nextId = 1;

  function settle(reply: Reply): void {
    const { id, method, params = {} } = reply;
    if (id !== undefined) {
      waiting.get(id)?.(reply);
      waiting.delete(id);
    } else if (method === 'NodeWorker.attachedToWorker') {
      const { title } = params.workerInfo as { title: string };
      threads.set(String(params.sessionId), title.replace(/^\[worker \d+\] /, ''));
    } else if (method === 'NodeWorker.detachedFromWorker') {
      threads.delete(String(params.sessionId));
    } else if (method === 'NodeWorker.receivedMessageFromWorker') {
      settle(JSON.parse(String(params.message)));
    }
  }
  socket.on('message', (bytes) => settle(JSON.parse(String(bytes))));

  /** `wrap` puts a message for a worker into one for the process; ids are shared, so answers find their way. */
  const asker =
    (wrap: (message: object) => object): Ask =>
    (method, params = {}) =>
      new Promise((resolve) => {
        const id = nextId++;
        waiting.set(id, resolve);
        socket.send(JSON.stringify(wrap({ id, method, params })));
      });
  const inMain = asker((message) => message);
  const inThread = (sessionId: string) =>
    asker((message) => ({
      id: nextId++,
      method: 'NodeWorker.sendMessageToWorker',
      params: { sessionId, message: JSON.stringify(message) },
    }));
  // Answered when every worker has been announced.
  await inMain('NodeWorker.enable', { waitForDebuggerOnStart: false });

  async function measure(thread: string, ask: Ask): Promise<ThreadMemory> {
    // What one collection lets go of may hold what only the next one finds.
    for (let times = 0; times < 2; times++) await ask('HeapProfiler.collectGarbage');
    const expression = 'JSON.stringify(process.memoryUsage())';
    const { result } = await ask('Runtime.evaluate', { expression, returnByValue: true });
    const { heapUsed, heapTotal, arrayBuffers } = JSON.parse(result!.result!.value!);
    return {
      thread,
      heapMb: heapUsed / megabyte,
      pagesMb: heapTotal / megabyte,
      buffersMb: arrayBuffers / megabyte,
    };
  }

  return {
    async collect() {
      const found = [await measure('main', inMain)];
      for (const [sessionId, title] of threads) found.push(await measure(title, inThread(sessionId)));
      return found;
    },
    close: () => socket.terminate(),
  };
}
