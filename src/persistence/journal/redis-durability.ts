/** What an acknowledgement of this Redis is worth, from its own settings. */
import { DoorbusterError } from '../../protocol/errors.ts';
import type { RedisLink } from './redis-link.ts';

export interface Durability {
  readonly isDurable: boolean;
  readonly durability: string;
}

async function readSetting(link: RedisLink, name: string): Promise<string | null> {
  const [reply] = await link.run([['config', 'GET', name]]);
  if (!reply || (reply.error && reply.isAnswer)) return null;
  if (reply.error) throw new DoorbusterError('busy', `Redis: ${reply.error.message}`);
  const [, value] = reply.value as Buffer[];
  return value === undefined ? null : String(value);
}

export async function readDurability(link: RedisLink): Promise<Durability> {
  const [appendonly, appendfsync, maxmemory, policy] = await Promise.all(
    ['appendonly', 'appendfsync', 'maxmemory', 'maxmemory-policy'].map((name) => readSetting(link, name)),
  );
  if (appendonly === null || appendfsync === null) {
    return {
      isDurable: false,
      durability:
        'Redis does not tell its settings (CONFIG is forbidden): how durable a frame is, is not known',
    };
  }
  if (maxmemory !== '0' && policy?.startsWith('allkeys')) {
    return {
      isDurable: false,
      durability: `Redis with maxmemory-policy ${policy} may throw the journal away when memory is short`,
    };
  }
  if (appendonly !== 'yes') {
    return {
      isDurable: false,
      durability: 'Redis keeps frames in memory only (appendonly no): a restart can lose them',
    };
  }
  if (appendfsync !== 'always') {
    const lost = appendfsync === 'everysec' ? 'about the last second' : 'the last seconds';
    return {
      isDurable: false,
      durability: `Redis with appendfsync ${appendfsync}: a power loss can take back ${lost}`,
    };
  }
  return {
    isDurable: true,
    durability: 'Redis with appendfsync always: a frame is acknowledged once it is on disk',
  };
}
