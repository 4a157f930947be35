/** Entry point of the thread that reads one file. It goes on only when it is asked for more. */
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { type ImportFile, parseFile, UnreadableFile } from './parse.ts';

/** On Linux a thread has a priority of its own: reading a file waits for whatever serves people. */
if (process.platform === 'linux') setPriority(10);

const port = parentPort!;
const batches = parseFile(workerData as ImportFile);

port.on('message', async () => {
  try {
    const { value, done } = await batches.next();
    port.postMessage({ batch: done ? null : value });
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    port.postMessage({ unreadable: { line: error.line, ...error.fault } });
  }
});
