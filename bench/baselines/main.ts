/**
 * A baseline as a process of its own: `node bench/baselines/main.ts lua|postgres|echo|positions`. It prints its port and serves until
 * it is ended. TOKEN_SECRET, REDIS_URL and DATABASE_URL say what it works with.
 */
import { listenForEcho, listenForHolds, listenForWatchers } from './gateway.ts';
import { takeByLua } from './lua.ts';
import { takeByUpdate } from './postgres.ts';

const { TOKEN_SECRET: secret = '', REDIS_URL: redisUrl = '', DATABASE_URL: databaseUrl = '' } = process.env;

const baselines: Readonly<Record<string, () => Promise<number>>> = {
  lua: () => listenForHolds(secret, takeByLua(redisUrl)),
  postgres: () => listenForHolds(secret, takeByUpdate(databaseUrl)),
  echo: () => listenForEcho(),
  positions: () => listenForWatchers(),
};

// Whoever measures has gone: so do we.
process.on('disconnect', () => process.exit());
const port = await baselines[process.argv[2] ?? '']!();
process.send?.({ port });
