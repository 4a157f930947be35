/** The few lines that a person reads when the server has started. */
import type { Config } from '../config.ts';
import type { RunningDrop } from './sample/shop.ts';

interface BannerFacts {
  readonly config: Config;
  readonly publicUrl: string;
  readonly opsPort: number;
  readonly durability: string;
  /** null: none is configured. */
  readonly replica: string | null;
  readonly sandbox: { readonly url: string } | null;
  readonly admin: { readonly email: string; readonly password: string } | null;
  /** A drop that can be joined now. */
  readonly drop: RunningDrop | null;
  readonly tookSeconds: number;
}

export function banner(facts: BannerFacts): string {
  const { config, publicUrl, sandbox, admin, drop } = facts;
  const database = config.databaseUrl === null ? `embedded PostgreSQL in ${config.dataDir}` : 'PostgreSQL';
  const lines = [
    `Doorbuster is ready (${facts.tookSeconds.toFixed(1)} s)`,
    `  Shop        ${publicUrl}/   console ${publicUrl}/ops   seller ${publicUrl}/sell`,
    ...(drop ? [`  Open now    ${publicUrl}/drops/${drop.saleId}   ${drop.title}`] : []),
    `  API         ${publicUrl}/v1   document ${publicUrl}/openapi.json   live ${publicUrl.replace('http', 'ws')}/v1/live`,
    `  Operators   http://127.0.0.1:${facts.opsPort}/readyz  /metrics`,
    `  Threads     ${config.gateways} gateway, ${config.shards} shard${config.threads === 'joined' ? ' joined' : ''}, 1 back office, 1 snapshotter${sandbox ? ', 1 payment sandbox' : ''}`,
    `  Database    ${database}`,
    ...(facts.replica === null ? [] : [`  Replica     ${facts.replica}`]),
    `  Journal     ${facts.durability}`,
    `  Limits      ${exemption(config)}`,
    `  Payments    ${sandbox ? `sandbox: no money moves (${sandbox.url})` : 'Stripe'}`,
  ];
  if (admin) lines.push(`  Admin       ${admin.email}  password ${admin.password}  (shown this once)`);
  return `${lines.join('\n')}\n`;
}

function exemption({ addresses: { exempt } }: Config): string {
  if (exempt.length === 0) return 'by account and by address';
  const ranges = exempt.map(({ address, prefix }) => `${address}/${prefix}`).join(', ');
  return `by account and by address; by address none for ${ranges} (RATE_EXEMPT)`;
}
