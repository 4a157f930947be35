/** Images as people and attackers send them. */
import { crc32, deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';

export type Kind = 'jpeg' | 'png' | 'webp' | 'avif';
export const kinds: readonly Kind[] = ['jpeg', 'png', 'webp', 'avif'];

/** Stripes, so that what is turned or mirrored looks otherwise: red at the top, then green, the right half darker. */
function pixels(width: number, height: number): Buffer {
  const raw = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const light = x < width / 2 ? 255 : 128;
      raw[(y * width + x) * 3 + (y < height / 2 ? 0 : 1)] = light;
    }
  return raw;
}

export function picture(width: number, height: number): Sharp {
  return sharp(pixels(width, height), { raw: { width, height, channels: 3 } });
}

export const sample = (kind: Kind, width = 400, height = 300): Promise<Buffer> =>
  picture(width, height)
    .toFormat(kind, { effort: kind === 'jpeg' ? undefined : 1 })
    .toBuffer();

/** What a phone writes that was held sideways: turned by Exif, with a place and a name in its metadata. */
export const fromPhone = (): Promise<Buffer> =>
  picture(400, 300)
    .withExif({ IFD0: { Copyright: 'Ada Buyer' }, IFD3: { GPSLatitude: '51/1 30/1 0/1' } })
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();

function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

const pngHead = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

/** Black and white of one bit a pixel, by hand: `rows` of them are really there. */
function blackPng(width: number, height: number, rows = height): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([1, 0, 0, 0, 0], 8);
  const data = deflateSync(Buffer.alloc(rows * (1 + Math.ceil(width / 8))), { level: 9 });
  return Buffer.concat([
    pngHead,
    pngChunk('IHDR', header),
    pngChunk('IDAT', data),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

/** A PNG with one more chunk behind its header. */
function withChunk(png: Buffer, type: string, data: Buffer): Buffer {
  const behindHeader = pngHead.length + 25;
  return Buffer.concat([png.subarray(0, behindHeader), pngChunk(type, data), png.subarray(behindHeader)]);
}

/** A JPEG with one more segment behind its beginning. */
function withSegment(jpeg: Buffer, marker: number, data: Buffer | string): Buffer {
  const body = Buffer.from(data);
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(body.length + 2, 2);
  return Buffer.concat([jpeg.subarray(0, 2), head, body, jpeg.subarray(2)]);
}

/** A JPEG that says that it has another size. */
function resized(jpeg: Buffer, width: number, height: number): Buffer {
  const changed = Buffer.from(jpeg);
  const frame = changed.indexOf(Buffer.from([0xff, 0xc0]));
  changed.writeUInt16BE(height, frame + 5);
  changed.writeUInt16BE(width, frame + 7);
  return changed;
}

const emptyZip = Buffer.concat([Buffer.from('PK\x05\x06', 'latin1'), Buffer.alloc(18)]);
const page = '<html><script>alert(1)</script></html>';

/** Files that are an image and something else, by what they are. */
export async function polyglots(): Promise<Record<string, Buffer>> {
  const [jpeg, png, webp, avif] = await Promise.all(kinds.map((kind) => sample(kind, 64, 48)));
  const behind = (image: Buffer | undefined, more: Buffer | string) =>
    Buffer.concat([image!, Buffer.from(more)]);
  return {
    'a JPEG with an archive behind it': behind(jpeg, emptyZip),
    'a PNG with an archive behind it': behind(png, emptyZip),
    'a WebP with an archive behind it': behind(webp, emptyZip),
    'an AVIF with an archive behind it': behind(avif, emptyZip),
    'a JPEG with a page behind it': behind(jpeg, page),
    'a PNG with a page behind it': behind(png, page),
    'a JPEG with a page in its comment': withSegment(jpeg!, 0xfe, page),
    'a JPEG that is a PDF': withSegment(jpeg!, 0xfe, '%PDF-1.7 1 0 obj'),
    'a JPEG that is a script': withSegment(jpeg!, 0xe0, Buffer.alloc(0x2f2a - 2, ' ')),
    'a JPEG with a second image and an archive': Buffer.concat([
      jpeg!,
      jpeg!,
      Buffer.from('PK\x03\x04', 'latin1'),
    ]),
    'a JPEG with a program of PHP': withSegment(jpeg!, 0xfe, '<?php system($_GET[0]);'),
    'a PNG with a script in its text': withChunk(png!, 'tEXt', Buffer.from(`Comment\0${page}`)),
    'a PNG with an archive in a chunk at its end': Buffer.concat([
      png!.subarray(0, -12),
      pngChunk('zzZz', emptyZip),
      png!.subarray(-12),
    ]),
    'a WebP with a page in a chunk': webpWith(webp!, page),
    'an AVIF with a page in a box': behind(avif, boxOf('free', page)),
  };
}

function webpWith(webp: Buffer, data: string): Buffer {
  const body = Buffer.from(data.length % 2 === 0 ? data : `${data} `);
  const head = Buffer.alloc(8);
  head.write('EXIF', 'latin1');
  head.writeUInt32LE(body.length, 4);
  const whole = Buffer.concat([webp, head, body]);
  whole.writeUInt32LE(whole.length - 8, 4);
  return whole;
}

function boxOf(type: string, data: string): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(data.length + 8);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, Buffer.from(data)]);
}

/** Small files that want to become large ones, by what they are. */
export async function bombs(): Promise<Record<string, Buffer>> {
  const jpeg = await sample('jpeg', 64, 48);
  return {
    'a PNG of 256 megapixels in 35 KB': blackPng(16_000, 16_000),
    'a PNG of 4 gigapixels': blackPng(65_535, 65_535, 10),
    'a PNG that says more than it has': blackPng(6_000, 6_000, 10),
    'a JPEG that says that it has 4 gigapixels': resized(jpeg, 65_535, 65_535),
    'a PNG that is too wide for WebP': blackPng(20_000, 10),
    'a JPEG of a hundred and one scans': await manyScans(101),
  };
}

/** The last scan of a progressive JPEG, again and again. */
async function manyScans(times: number): Promise<Buffer> {
  const jpeg = await picture(64, 48).jpeg({ progressive: true }).toBuffer();
  const last = jpeg.lastIndexOf(Buffer.from([0xff, 0xda]));
  const scan = jpeg.subarray(last, -2);
  return Buffer.concat([
    jpeg.subarray(0, last),
    ...Array.from({ length: times }, () => scan),
    jpeg.subarray(-2),
  ]);
}

/** What is no image of the four kinds, by what it is. */
export async function strangers(): Promise<Record<string, Buffer>> {
  return {
    nothing: Buffer.alloc(0),
    'a GIF': await picture(8, 8).gif().toBuffer(),
    'a TIFF': await picture(8, 8).tiff().toBuffer(),
    'an SVG': Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>'),
    'an SVG behind a declaration': Buffer.from(
      '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
    ),
    'a PDF': Buffer.from('%PDF-1.7\n'),
    'a page': Buffer.from('<!doctype html><title>x</title>'),
    'an archive': emptyZip,
    'a HEIC': boxOf('ftyp', 'heic\0\0\0\0mif1heic'),
    'a film': boxOf('ftyp', 'isom\0\0\0\0isomavc1'),
  };
}

/** A PNG with a chunk of text that takes a thousand times its room. */
export async function withLongText(): Promise<Buffer> {
  const text = deflateSync(Buffer.alloc(60_000_000, 'a'));
  return withChunk(await sample('png', 64, 48), 'zTXt', Buffer.concat([Buffer.from('Comment\0\0'), text]));
}
