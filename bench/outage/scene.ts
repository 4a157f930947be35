/**
 * The scene: a private Redis with `appendfsync always`, a private PostgreSQL behind a line that finds it again when it
 * comes back on another port, and a real server with its journal in Redis; every one a process of its own.
 */
import { Link } from '../../test/faults/link.ts';
import { startDatabaseServer } from '../../test/faults/stores.ts';
import { startTestRedis } from '../../test/persistence/support.ts';
import { openSite, type ServerProcess } from '../../test/system/server.ts';
import type { Plan } from './flags.ts';

export interface Scene {
  readonly server: ServerProcess;
  /** Ends the store in order; its data stays. */
  stopStore(): Promise<void>;
  /** Starts it again, and resolves when it serves. */
  startStore(): Promise<void>;
  close(): Promise<void>;
}

export async function openScene(store: Plan['store']): Promise<Scene> {
  const closing: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const end of closing.splice(0)) await end();
  };
  try {
    const database = await startDatabaseServer();
    closing.unshift(() => database.stop());
    await database.create('outage');
    const link: Link = await Link.open(database.port);
    closing.unshift(() => link.close());
    const redis = await startTestRedis();
    closing.unshift(() => redis.stop());
    const site = await openSite({
      DATABASE_URL: database.url('outage', link.port),
      REDIS_URL: redis.url,
      SHARDS: '1',
      GATEWAYS: '1',
    });
    closing.unshift(() => site.close());
    const server = await site.start();
    return {
      server,
      async stopStore() {
        if (store === 'redis') await redis.halt('SIGTERM');
        else await database.halt();
      },
      async startStore() {
        if (store === 'redis') return redis.resume();
        await database.resume();
        link.retarget(database.port);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
