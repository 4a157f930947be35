/** What an image is, by its first bytes: the four kinds that are taken. */
export const mediaTypes = ['image/jpeg', 'image/png', 'image/webp', 'image/avif'] as const;

export type ImageFormat = 'jpeg' | 'png' | 'webp' | 'avif';

const brandsMax = 64;
/** So many of them say what an image is. */
export const headBytes = 16 + 4 * brandsMax;

/** null: none of the four. */
export function formatOf(bytes: Uint8Array): ImageFormat | null {
  const text = (from: number, to: number) => Buffer.from(bytes.subarray(from, to)).toString('latin1');
  if (text(0, 3) === '\xff\xd8\xff') return 'jpeg';
  if (text(0, 8) === '\x89PNG\r\n\x1a\n') return 'png';
  if (text(0, 4) === 'RIFF' && text(8, 12) === 'WEBP') return 'webp';
  if (text(4, 8) !== 'ftyp') return null;
  // Brands are words of four letters: the main one, a version, and those that it is compatible with.
  const boxBytes = Math.min(Buffer.from(bytes.subarray(0, 4)).readUInt32BE(), headBytes);
  const brands = [text(8, 12), ...(text(16, boxBytes).match(/.{4}/gs) ?? [])];
  return brands.includes('avif') || brands.includes('avis') ? 'avif' : null;
}
