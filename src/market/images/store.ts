/**
 * Images of products: what comes in is made into files of ours, stored, and then shown by its product.
 *
 * 1. Files are stored, and marked as wanted, before a product names them: a crash in between leaves files that nobody has,
 *    which the noun's job deletes.
 * 2. Adding is repeatable under one image id.
 */
import { open } from 'node:fs/promises';
import { perGateway } from '../../gateway/route.ts';
import type { BlobStore } from '../../persistence/blobs.ts';
import { openBlobs } from '../../persistence/blobs.ts';
import type { Database } from '../../persistence/database.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { imageOf, type OwnImage, type StoredImage } from '../catalog/image-store.ts';
import type { Image } from '../catalog/schemas.ts';
import { type Catalog, type Claim, catalogOf } from '../catalog/store.ts';
import { ImageFiles } from './files.ts';
import { formatOf, headBytes } from './formats.ts';
import { fileNameOf, widths } from './names.ts';
import { RenderPool } from './pool.ts';
import { type ImageChange, imagesMax } from './schemas.ts';

const noImage = () => new DoorbusterError('not_found', 'No such image');

export class ProductImages {
  readonly files: ImageFiles;
  readonly #catalog: Catalog;
  readonly #database: Database;
  readonly #blobs: BlobStore;
  readonly #pool: RenderPool;

  constructor(catalog: Catalog, database: Database, blobs: BlobStore, pool: RenderPool) {
    this.#catalog = catalog;
    this.#database = database;
    this.#blobs = blobs;
    this.#pool = pool;
    this.files = new ImageFiles(blobs);
  }

  /**
   * `path`: where the file that was sent lies. Refuses with `unsupported_image`, `not_found`, `too_many_images`,
   * `image_rejected`, `busy`.
   */
  async add(claim: Claim, imageId: string, path: string): Promise<Image> {
    const { productId } = claim;
    await checkFormat(path);
    // Before the decoder is troubled; it is looked at again when the product gets the image.
    const known = added(await this.#catalog.imagesOf(claim), imageId);
    if (known !== null) return imageOf(productId, known);
    const rendered = await this.#pool.run({ path });
    if ('fault' in rendered)
      throw new DoorbusterError('image_rejected', `The image is refused: ${rendered.fault}`);
    const { hash, width, height } = rendered;
    await this.#database.query(
      `INSERT INTO image_files (hash, width, height) VALUES ($1, $2, $3)
       ON CONFLICT (hash) DO UPDATE SET wanted_at = now()`,
      [hash, width, height],
    );
    const puts = widths.map((one, i) => this.#blobs.put(fileNameOf(hash, one), rendered.files[i]!));
    await Promise.all(puts);
    const image: OwnImage = { imageId, alt: '', hash, width, height };
    await this.#catalog.changeImages(claim, (images) =>
      added(images, imageId) === null ? [...images, image] : null,
    );
    return imageOf(productId, image);
  }

  /** Ends the threads of the pool. */
  close(): Promise<void> {
    return this.#pool.close();
  }

  async change(claim: Claim, imageId: string, change: ImageChange): Promise<Image> {
    const { productId } = claim;
    const images = await this.#catalog.changeImages(claim, (before) => {
      const at = placeOf(before, productId, imageId);
      const changed = {
        ...described(before[at]!, imageId),
        ...(change.alt === undefined ? {} : { alt: change.alt }),
      };
      const others = before.toSpliced(at, 1);
      return others.toSpliced(change.position ?? at, 0, changed);
    });
    return imageOf(productId, images[placeOf(images, productId, imageId)]!);
  }

  async remove(claim: Claim, imageId: string): Promise<void> {
    await this.#catalog.changeImages(claim, (before) =>
      before.toSpliced(placeOf(before, claim.productId, imageId), 1),
    );
  }
}

/** The image that a first try of this very request has added; null: there is none, and room for it. */
function added(images: readonly StoredImage[], imageId: string): StoredImage | null {
  const known = images.find((image) => typeof image !== 'string' && image.imageId === imageId);
  if (known !== undefined) return known;
  if (images.length >= imagesMax)
    throw new DoorbusterError('too_many_images', `A product has at most ${imagesMax} images`, {
      limit: imagesMax,
    });
  return null;
}

function placeOf(images: readonly StoredImage[], productId: string, imageId: string): number {
  const at = images.findIndex((image) => imageOf(productId, image).imageId === imageId);
  if (at < 0) throw noImage();
  return at;
}

function described(image: StoredImage, imageId: string): Exclude<StoredImage, string> {
  return typeof image === 'string' ? { imageId, alt: '', url: image } : image;
}

async function checkFormat(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    if (formatOf(buffer.subarray(0, bytesRead)) !== null) return;
  } finally {
    await file.close();
  }
  throw new DoorbusterError('unsupported_image', 'Send a JPEG, PNG, WebP or AVIF image');
}

export const imagesOf = perGateway((services) => {
  const { config, database, limits, log } = services;
  const blobs = openBlobs(config.blobs, log);
  return new ProductImages(catalogOf(services), database, blobs, new RenderPool(limits.heavyWork));
});
