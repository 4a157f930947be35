/**
 * Makes our files from somebody's image: upright, without metadata, as WebP of the widths that are served. It runs in a
 * thread of the pool; the decoders see nothing but the four formats.
 *
 * What cannot be read is an answer, not an error: whatever a decoder throws is the fault of the image.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import sharp, { type CreateRaw } from 'sharp';
import { formatOf, type ImageFormat } from './formats.ts';
import { faultOf } from './inspect.ts';
import { widths } from './names.ts';

/** The file is only read. */
export interface RenderTask {
  readonly path: string;
}

interface Rendered {
  /** Of all files together: the same hash is the same bytes. */
  readonly hash: string;
  /** Of the widest file. */
  readonly width: number;
  readonly height: number;
  /** As many as `widths`, in that order. */
  readonly files: readonly Uint8Array[];
}

/** `fault`: why there are none, as words about the image. */
export type RenderResult = Rendered | { readonly fault: string };

const pixelsMax = 40_000_000;
/** WebP has no larger ones. */
const sideMax = 16_383;
const secondsMax = 10;
const webp = { quality: 82, effort: 4 };

// One image at a time, by one thread, with nothing kept of the last one.
sharp.concurrency(1);
sharp.cache(false);
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: [
    'VipsForeignLoadJpegBuffer',
    'VipsForeignLoadPngBuffer',
    'VipsForeignLoadWebpBuffer',
    'VipsForeignLoadHeifBuffer',
  ],
});

/** The pool's task. */
export async function render({ path }: RenderTask): Promise<RenderResult> {
  const bytes = await readFile(path);
  const format = formatOf(bytes);
  const fault = format === null ? 'it is no image of a known kind' : faultOf(bytes, format);
  if (fault !== null) return { fault };
  try {
    return await rendered(bytes, format!);
  } catch (error) {
    return {
      fault: String(error instanceof Error ? error.message : error)
        .split('\n', 1)[0]!
        .slice(0, 200),
    };
  }
}

async function rendered(bytes: Uint8Array, format: ImageFormat): Promise<RenderResult> {
  const image = sharp(bytes, { limitInputPixels: pixelsMax, failOn: 'error', pages: 1 });
  const { format: decoded, width, height } = await image.metadata();
  if (decoded !== (format === 'avif' ? 'heif' : format)) return { fault: `it is no ${format}` };
  if (width * height > pixelsMax) return { fault: `it has more than ${pixelsMax / 1e6} megapixels` };
  if (Math.max(width, height) > sideMax) return { fault: `a side has more than ${sideMax} pixels` };
  const { data, info } = await image
    .autoOrient()
    .resize({ width: widths.at(-1)!, withoutEnlargement: true })
    .toColourspace('srgb')
    .timeout({ seconds: secondsMax })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const raw = { width: info.width, height: info.height, channels: info.channels };
  const files: Uint8Array[] = [];
  // From the widest to the narrowest: what is wider than the image is the same file again.
  for (const wanted of widths.toReversed()) {
    const isSame = files.length > 0 && wanted >= info.width;
    files.unshift(isSame ? files[0]! : await encoded(data, raw, wanted));
  }
  const hash = createHash('sha256');
  for (const file of files) hash.update(file);
  return { hash: hash.digest('hex'), width: info.width, height: info.height, files };
}

function encoded(pixels: Uint8Array, raw: CreateRaw, width: number): Promise<Uint8Array> {
  return sharp(pixels, { raw, limitInputPixels: pixelsMax })
    .resize({ width, withoutEnlargement: true })
    .webp(webp)
    .timeout({ seconds: secondsMax })
    .toBuffer();
}
