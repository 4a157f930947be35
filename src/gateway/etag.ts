/** Versions on the wire: `ETag: "7"`, and `If-Match` as the versions that a change may be based on. */
import { DoorbusterError } from '../protocol/errors.ts';

export function etagOf(version: number): string {
  return `"${version}"`;
}

/** The header of a route that changes what has a version. */
export const ifMatchHeader = {
  'if-match':
    'The `ETag` that the change is based on; 412 `stale_version` when the resource has changed since',
} as const;

/** The header of a reply that shows what has a version. */
export const etagHeader = { ETag: 'The version that the body shows, for `If-Match`' } as const;

/** null: any version. What is no version of ours matches none. */
export function versionsOf(ifMatch: string | undefined): number[] | null {
  if (ifMatch === undefined || ifMatch.trim() === '*') return null;
  const versions = ifMatch.split(',').map((tag) => Number(/^\s*(?:W\/)?"(\d{1,15})"\s*$/.exec(tag)?.[1]));
  if (versions.some(Number.isNaN) || versions.length === 0)
    throw new DoorbusterError('stale_version', 'If-Match must be an ETag of this resource');
  return versions;
}
