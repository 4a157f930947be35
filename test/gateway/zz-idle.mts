// server process: prints RSS per connections
import { openShop } from '/work/main/test/gateway/shop.ts';
const shop = await openShop();
const { saleId } = await shop.openSale(100000, { queueing: { releasePerSecond: 1, activeLimit: 1 } });
const { newId } = await import('/work/main/src/protocol/ids.ts');
const { tokensOf } = await import('/work/main/src/gateway/tokens.ts');
process.on('message', async (m: any) => {
  if (m.type === 'tokens') {
    const out: string[] = [];
    for (let i = 0; i < m.count; i++) { const accountId = newId('account'); out.push((await tokensOf(shop.services).issueAccess({ accountId, role: 'guest' })).accessToken);
      await shop.engine.shards.ask('sale', saleId, { type: 'JoinSale', ticketId: newId('ticket'), buyerId: accountId, requestId: null } as any); }
    (globalThis as any).gc?.();
    process.send!({ tokens: out, rss: process.memoryUsage() });
  }
  if (m.type === 'mem') { (globalThis as any).gc?.(); (globalThis as any).gc?.(); process.send!({ mem: process.memoryUsage(), live: shop.gateway.stats().live, cpu: process.cpuUsage() }); }
  if (m.type === 'stop') { await shop.stop(); process.exit(0); }
});
process.send!({ port: shop.gateway.port, saleId });
