/** The payment sandbox's thread: the stand-in for the provider when no Stripe key is given. */

import { createLog, type LogOptions } from '../ops/log.ts';
import type { Thread } from '../runtime/thread.ts';
import { startSandbox } from '../sandbox/server.ts';

export interface SandboxData {
  readonly port: number;
  readonly dataDir: string;
  readonly webhookUrl: string;
  readonly webhookSecret: string;
  readonly hosts: readonly string[];
  readonly log: LogOptions;
}

export async function run(thread: Thread, data: SandboxData): Promise<void> {
  const sandbox = await startSandbox({
    port: data.port,
    dataDir: data.dataDir,
    hosts: data.hosts,
    log: createLog(data.log, { thread: 'sandbox' }),
    webhook: { url: data.webhookUrl, secret: data.webhookSecret },
  });

  thread.ready(
    {
      async stop() {
        await sandbox.stop();
        return true;
      },
      abandon: () => sandbox.cut(),
    },
    { url: sandbox.url },
  );
}
