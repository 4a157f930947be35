/** Versions on the wire: `ETag: "7"`, and `If-Match` as the versions that a change may be based on. */
import { DoorbusterError } from '../protocol/errors.ts';

export function etagOf(version: number): string {
  return `"${version}"`;
}

/** null: any version. What is no version of ours matches none. */
export function versionsOf(ifMatch: string | undefined): number[] | null {
  if (ifMatch === undefined || ifMatch.trim() === '*') return null;
  const versions = ifMatch.split(',').map((tag) => Number(/^\s*(?:W\/)?"(\d{1,15})"\s*$/.exec(tag)?.[1]));
  if (versions.some(Number.isNaN) || versions.length === 0)
    throw new DoorbusterError('stale_version', 'If-Match must be an ETag of this resource');
  return versions;
}
