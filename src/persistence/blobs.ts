/**
 * Files that are written once under a name and never change: in a folder of this machine, or in any store that speaks
 * S3. What is to be found by more than a name stands in tables.
 *
 * 1. A file is there as a whole or not at all, and stays once `put` has resolved.
 * 2. A store that is away, full or late is `busy` for the caller.
 */
import type { Log } from '../protocol/log.ts';
import { openFolder } from './blobs/folder.ts';
import { openS3, type S3Settings } from './blobs/s3.ts';

export interface BlobStore {
  /** Writing the same name again is the same file again. */
  put(name: string, bytes: Uint8Array): Promise<void>;
  /** null: there is no such file. */
  get(name: string): Promise<Uint8Array | null>;
  /** One that is not there is gone already. */
  delete(name: string): Promise<void>;
  /** Removes what writers that were killed have left behind. */
  tidy(): Promise<void>;
}

export type BlobSettings = { readonly folder: string } | { readonly s3: S3Settings };

export function openBlobs(settings: BlobSettings, log: Log): BlobStore {
  return 'folder' in settings ? openFolder(settings.folder) : openS3(settings.s3, log);
}
