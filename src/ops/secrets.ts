/** Secrets that live longer than the process: made once, kept under the data folder with mode 600. */
import { createHmac, randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The signing secret of all tokens: from the configuration, else kept in `<dataDir>/token.secret`. */
export async function readTokenSecret(configured: string | null, dataDir: string): Promise<string> {
  if (configured !== null) return configured;
  const file = join(dataDir, 'token.secret');
  await mkdir(dataDir, { recursive: true });
  try {
    // Two servers that start together agree on whichever file was made first.
    await writeFile(file, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return (await readFile(file, 'utf8')).trim();
}

/** What the payment sandbox signs its webhooks with: nobody outside needs to know it. */
export function sandboxWebhookSecret(tokenSecret: string): string {
  return `whsec_${createHmac('sha256', tokenSecret).update('sandbox webhooks').digest('hex')}`;
}
