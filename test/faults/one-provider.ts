/** One payment provider for all servers of a round, outside of them, as the real one is. */
import { rm } from 'node:fs/promises';
import { startSandbox } from '../../src/sandbox/server.ts';
import { temporaryFolder } from '../persistence/support.ts';

export interface OneProvider {
  readonly url: string;
  /** What a server needs to take it for the real one. */
  readonly env: Readonly<Record<string, string>>;
  /** Where its webhooks go from now on. */
  tell(serverUrl: string): void;
  close(): Promise<void>;
}

const webhookSecret = 'whsec_of_the_one_provider';

export async function openProvider(): Promise<OneProvider> {
  const folder = await temporaryFolder();
  const sandbox = await startSandbox({
    port: 0,
    dataDir: folder,
    log: () => {},
    webhook: { url: null, secret: webhookSecret },
  });
  return {
    url: sandbox.url,
    env: {
      STRIPE_SECRET_KEY: 'sk_test_faults',
      STRIPE_WEBHOOK_SECRET: webhookSecret,
      PROVIDER_URL: sandbox.url,
      NODE_OPTIONS: `--import=${new URL('./reroute.ts', import.meta.url).href}`,
    },
    tell: (serverUrl) => sandbox.setWebhookUrl(`${serverUrl}/v1/webhooks/stripe`),
    async close() {
      await sandbox.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
