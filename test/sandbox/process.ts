/** A sandbox in a process of its own, to be killed. Prints its URL. */
import { startSandbox } from '../../src/sandbox/server.ts';

const dataDir = process.argv[2];
if (!dataDir) throw new Error('usage: process.ts <folder>');
const sandbox = await startSandbox({
  port: 0,
  dataDir,
  log: () => {},
  webhook: { url: null, secret: 'whsec_none' },
});
console.log(sandbox.url);
