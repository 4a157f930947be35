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
    for (const each of [folder, `${folder}.part`]) {
      const names = await readdir(each).catch(() => []);
      for (const name of names.filter(isWanted)) await rm(join(each, name), { force: true });
    }
  };
  return {
    async write({ mailId, at, hash }, message) {
      // Whoever watches the folder sees whole mails only.
      const unfinished = `${folder}.part`;
      for (const needed of [folder, unfinished]) await mkdir(needed, { recursive: true, mode: 0o700 });
      const name = `${stamp(at)}-${nameOf(hash)}-${mailId}.eml`;
      await writeFile(join(unfinished, name), message, { mode: 0o600 });
      await rename(join(unfinished, name), join(folder, name));
    },
    erase: (hash) => remove((name) => name.split('-')[1] === nameOf(hash)),
    forgetOld() {
      const before = stamp(new Date(Date.now() - fileDays * dayMs));
      return remove((name) => /^\d{14}-/.test(name) && name < before);
    },
  };
}
