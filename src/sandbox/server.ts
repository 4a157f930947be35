/**
 * The built-in payment provider: the provider's HTTP paths on loopback, without money. It takes the provider's own SDK, and
 * the shop's calls, which say the same without it.
 */
import type { Log } from '../protocol/log.ts';
import { ControlPaths, controlPrefix } from './control-paths.ts';
import { type FaultSwitch, noFaults } from './faults.ts';
import { HttpServer } from './http-server.ts';
import { Ledger } from './ledger.ts';
import { ProviderPaths } from './provider-paths.ts';
import { Webhooks } from './webhooks.ts';

export interface Sandbox {
  readonly url: string;
  readonly port: number;
  setWebhookUrl(url: string | null): void;
  stop(): Promise<void>;
  /** Closes every socket at once, for a thread that cannot go on: open ones would take the process down with it. */
  cut(): void;
}

export interface SandboxOptions {
  /** 0 picks a free one. */
  readonly port: number;
  readonly dataDir: string;
  readonly log: Log;
  readonly webhook: { readonly url: string | null; readonly secret: string };
  /** Names besides those of loopback under which the control paths answer. */
  readonly hosts?: readonly string[];
  /** From 0 up to 1, for the faults. */
  readonly random?: () => number;
}

export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { log, random = Math.random } = options;
  const faults: FaultSwitch = { current: noFaults };
  const ledger = await Ledger.open(options.dataDir);
  const webhooks = new Webhooks({ ...options.webhook, log, faults, random });
  const provider = new ProviderPaths(ledger, webhooks, faults, random);
  const control = new ControlPaths(ledger.rows, webhooks, faults, options.hosts ?? []);
  const server = new HttpServer(
    (received) =>
      received.path.startsWith(controlPrefix) ? control.handle(received) : provider.handle(received),
    log,
  );
  const port = await server.listen(options.port);
  log('info', 'sandbox: no money moves', { port, payments: ledger.rows.intents.length });
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    setWebhookUrl: (url) => webhooks.setUrl(url),
    cut: () => server.cut(),
    async stop() {
      await server.close();
      webhooks.stop();
      await ledger.close();
    },
  };
}
