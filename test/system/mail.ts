/** Mails of a server without a mail server, as whoever they are for reads them. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from './server.ts';

/** The newest link to this page that was mailed to this address, once there is one. */
export function mailedLink(dataDir: string, email: string, page: string): Promise<string> {
  const folder = join(dataDir, 'mail');
  return waitFor(async () => {
    const names = (await readdir(folder).catch(() => [])).toSorted().reverse();
    for (const name of names) {
      const text = await readFile(join(folder, name), 'utf8');
      const link = new RegExp(`^\\S+/${page}\\?token=[\\w-]+(?=\\r$)`, 'm').exec(text);
      if (text.includes(`To: ${email}`) && link) return link[0];
    }
    return null;
  });
}
