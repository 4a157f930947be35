/**
 * Images of a product as its row keeps them, and as they are shown. Each is an address elsewhere, as a text or with what
 * is known of it, or a set of files of ours (`market/images`).
 */
import { createHash } from 'node:crypto';
import type { Query } from '../../persistence/database.ts';
import { prefixes } from '../../protocol/ids.ts';
import type { Image } from './schemas.ts';

interface DescribedImage {
  readonly imageId: string;
  readonly alt: string;
}
export interface OwnImage extends DescribedImage {
  readonly hash: string;
  readonly width: number;
  readonly height: number;
}
interface ExternalImage extends DescribedImage {
  readonly url: string;
}
export type StoredImage = string | OwnImage | ExternalImage;

const ownUrl = /^\/media\/([0-9a-f]{64})-\d+\.webp$/;
const addressOf = (hash: string, width: number) => `/media/${hash}-${width}.webp`;

export function imageOf(productId: string, stored: StoredImage): Image {
  if (typeof stored === 'string') return external(idOf(productId, stored), stored, '');
  const { imageId, alt } = stored;
  if ('url' in stored) return external(imageId, stored.url, alt);
  const { hash, width, height } = stored;
  return { imageId, url: addressOf(hash, 1920), thumbnailUrl: addressOf(hash, 320), width, height, alt };
}

/** Nothing is known of an image that lies elsewhere but its address. */
function external(imageId: string, url: string, alt: string): Image {
  return { imageId, url, thumbnailUrl: url, width: null, height: null, alt };
}

/** The same address of a product has the same id. */
function idOf(productId: string, url: string): string {
  const digest = createHash('sha256').update(`${productId} ${url}`).digest('hex');
  const uuid = `${digest.slice(0, 8)}-${digest.slice(8, 12)}-8${digest.slice(13, 16)}-8${digest.slice(17, 20)}-${digest.slice(20, 32)}`;
  return `${prefixes.image}_${uuid}`;
}

/** A list of addresses as images: what the product has under an address stays what it is. */
export function keptImages(
  productId: string,
  before: readonly StoredImage[],
  urls: readonly string[],
): StoredImage[] {
  const known = new Map(before.map((stored) => [imageOf(productId, stored).url, stored]));
  return urls.map((url) => known.get(url) ?? url);
}

interface ImagesOf {
  readonly productId: string;
  readonly images: readonly StoredImage[];
}

/** With the addresses of files of ours as images of them. Works in the caller's transaction. */
export async function adopted(query: Query, products: readonly ImagesOf[]): Promise<StoredImage[][]> {
  const hashes = products.flatMap(({ images }) => images.flatMap((stored) => ownHash(stored) ?? []));
  const files = await wantedFiles(query, [...new Set(hashes)]);
  return products.map(({ productId, images }) =>
    images.map((stored) => {
      const file = files.get(ownHash(stored) ?? '');
      return typeof stored !== 'string' || file === undefined
        ? stored
        : { imageId: idOf(productId, stored), alt: '', ...file };
    }),
  );
}

/** Of an address of ours; null: it is none, or an image already. */
function ownHash(stored: StoredImage): string | null {
  return typeof stored === 'string' ? (ownUrl.exec(stored)?.[1] ?? null) : null;
}

type Files = Pick<OwnImage, 'hash' | 'width' | 'height'>;

/** Those that are there; they stay for another day at the least. In order, so that two who want some cannot wait for each other. */
async function wantedFiles(query: Query, hashes: readonly string[]): Promise<Map<string, Files>> {
  if (hashes.length === 0) return new Map();
  const rows = await query<Files>(
    `WITH wanted AS (SELECT hash FROM image_files WHERE hash = ANY($1) ORDER BY hash FOR UPDATE)
     UPDATE image_files f SET wanted_at = now() FROM wanted WHERE f.hash = wanted.hash
     RETURNING f.hash, f.width, f.height`,
    [hashes],
  );
  return new Map(rows.map((file) => [file.hash, file]));
}
