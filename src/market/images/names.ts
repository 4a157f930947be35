/** Names of the files of an image: the hash of their content and their width. The same name is the same bytes for ever. */

/** Pixels, ascending. An image that is narrower is never enlarged. */
export const widths = [320, 640, 1280, 1920] as const;

const namePattern = new RegExp(`^[0-9a-f]{64}-(?:${widths.join('|')})\\.webp$`);

export const fileNameOf = (hash: string, width: number): string => `${hash}-${width}.webp`;

export const isFileName = (name: string): boolean => namePattern.test(name);
