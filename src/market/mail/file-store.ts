/**
 * Mails as files, where there is no mail server: one RFC 5322 message each, which any mail program opens.
 *
 * 1. A file's name says when, to whose address (a hash) and which mail: a mail that is written twice is one file, and an
 *    erasure finds those of an address.
 * 2. Files are for whoever runs the server alone, and go after `fileDays`.
 */
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface MailSettings {
  /** null: mails are written to `folder`. */
  readonly smtpUrl: string | null;
  readonly folder: string;
  /** Name and address. */
  readonly from: string;
}

export interface MailFiles {
  write(
    mail: { readonly mailId: string; readonly at: Date; readonly hash: Buffer },
    message: Buffer,
  ): Promise<void>;
  /** Removes what was sent to this address. */
  erase(hash: Buffer): Promise<void>;
  /** Removes files that are older than they should get. */
  forgetOld(): Promise<void>;
}

const fileDays = 30;
const dayMs = 86_400_000;

/** YYYYMMDDhhmmss. */
const stamp = (at: Date) => at.toISOString().replace(/\D/g, '').slice(0, 14);
const nameOf = (hash: Buffer) => hash.toString('hex').slice(0, 32);

export function mailFiles(folder: string): MailFiles {
  const remove = async (isWanted: (name: string) => boolean) => {
    const names = await readdir(folder).catch(() => []);
    for (const name of names.filter(isWanted)) await rm(join(folder, name), { force: true });
  };
  return {
    async write({ mailId, at, hash }, message) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const file = join(folder, `${stamp(at)}-${nameOf(hash)}-${mailId}.eml`);
      // Whoever watches the folder sees whole mails only.
      await writeFile(`${file}.part`, message, { mode: 0o600 });
      await rename(`${file}.part`, file);
    },
    erase: (hash) => remove((name) => name.split('-')[1] === nameOf(hash)),
    forgetOld() {
      const before = stamp(new Date(Date.now() - fileDays * dayMs));
      return remove((name) => /^\d{14}-/.test(name) && name < before);
    },
  };
}
