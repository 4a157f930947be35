/**
 * Versions on the wire: a strong `ETag` on what has one, `If-Match` as the versions that a change may be based on
 * (RFC 9110, 13.1.1: a weak tag never matches), `If-None-Match` as those that a reader has (13.1.2: weak tags do).
 *
 * A compressed answer is another representation, so its tag is another one, too: the version with the coding's name
 * behind it. Both are read as the version.
 */
export function etagOf(version: number | string): string {
  return `"${version}"`;
}

/** The header of a route that changes what has a version. */
export const ifMatchHeader = {
  'if-match':
    'The `ETag` that the change is based on; 412 `stale_version` when the resource has changed since',
} as const;

/** The header of a reply that shows what has a version. */
export const etagHeader = { ETag: 'The version that the body shows, for `If-Match`' } as const;

/** The tag of the same version with this coding. */
export function encodedEtag(etag: string, coding: string): string {
  return `${etag.slice(0, -1)};${coding}"`;
}

const codingPattern = /;(?:br|gzip)$/;
/** One tag of a list, and what ends it. Characters as RFC 9110, 8.8.3 has them. */
const tagPattern = /[ \t]*(W\/)?"([\x21\x23-\x7e\x80-\uffff]*)"[ \t]*(?:,|$)/y;

/** Versions of a list of tags; what is no tag ends the list. */
function versionsIn(list: string, isWeakTaken: boolean): string[] {
  const versions: string[] = [];
  tagPattern.lastIndex = 0;
  for (let match = tagPattern.exec(list); match !== null; match = tagPattern.exec(list)) {
    const [, weak, version = ''] = match;
    if (weak === undefined || isWeakTaken) versions.push(version.replace(codingPattern, ''));
    if (tagPattern.lastIndex === list.length) break;
  }
  return versions;
}

/** null: any version. A list of none, or of what is no version of ours, matches none. */
export function versionsOf(ifMatch: string | undefined): string[] | null {
  return ifMatch === undefined || ifMatch.trim() === '*' ? null : versionsIn(ifMatch, false);
}

/** Whether the reader has this version already. */
export function isKnown(ifNoneMatch: string, etag: string): boolean {
  return ifNoneMatch.trim() === '*' || versionsIn(ifNoneMatch, true).includes(etag.slice(1, -1));
}
