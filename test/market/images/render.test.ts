import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatOf } from '../../../src/market/images/formats.ts';
import { faultOf } from '../../../src/market/images/inspect.ts';
import { widths } from '../../../src/market/images/names.ts';
import { type RenderResult, render } from '../../../src/market/images/render.ts';
import { bombs, fromPhone, kinds, picture, polyglots, sample, strangers, withLongText } from './samples.ts';

let folder = '';
let files = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'doorbuster-images-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function rendered(bytes: Uint8Array): Promise<RenderResult> {
  const path = join(folder, String(++files));
  await writeFile(path, bytes);
  return render({ path });
}

async function good(bytes: Uint8Array) {
  const result = await rendered(bytes);
  if ('fault' in result) throw new Error(result.fault);
  return result;
}

const faultIn = async (bytes: Uint8Array) => {
  const result = await rendered(bytes);
  return 'fault' in result ? result.fault : null;
};

describe('an image', () => {
  test.each(kinds)('of the kind %s becomes WebP of all widths', async (kind) => {
    const { files, width, height, hash } = await good(await sample(kind, 2_400, 1_600));
    expect([width, height]).toEqual([1_920, 1_280]);
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    const sizes = await Promise.all(files.map((file) => sharp(Buffer.from(file)).metadata()));
    expect(sizes.map((size) => [size.format, size.width])).toEqual(widths.map((one) => ['webp', one]));
  });

  test('is never enlarged, and the same image has the same name', async () => {
    const small = await sample('png', 500, 400);
    const first = await good(small);
    const sizes = await Promise.all(first.files.map((file) => sharp(Buffer.from(file)).metadata()));
    expect(sizes.map(({ width }) => width)).toEqual([320, 500, 500, 500]);
    expect((await good(small)).hash).toBe(first.hash);
    expect((await good(await sample('png', 501, 400))).hash).not.toBe(first.hash);
  });

  test('of a phone stands upright and has lost its metadata', async () => {
    const { files, width, height } = await good(await fromPhone());
    expect([width, height]).toEqual([300, 400]);
    for (const file of files) {
      expect(Buffer.from(file).toString('latin1')).not.toMatch(/Ada Buyer|Exif|XMP/);
      const { orientation, exif, icc, xmp } = await sharp(Buffer.from(file)).metadata();
      expect([orientation, exif, icc, xmp]).toEqual([undefined, undefined, undefined, undefined]);
    }
    // What was at the top is at the right when the camera lay on its side.
    const { data } = await sharp(Buffer.from(files[0]!)).raw().toBuffer({ resolveWithObject: true });
    const [red, green] = [data[(300 - 5) * 3]!, data[(300 - 5) * 3 + 1]!];
    expect(red).toBeGreaterThan(green + 50);
  });

  test('keeps what shines through, and may be grey, of sixteen bits, of print or without end', async () => {
    const clear = picture(64, 48).ensureAlpha(0.5).png().toBuffer();
    expect((await sharp(Buffer.from((await good(await clear)).files[0]!)).metadata()).hasAlpha).toBe(true);
    const others = [
      picture(64, 48).greyscale().jpeg(),
      picture(64, 48).toColourspace('rgb16').png(),
      picture(64, 48).toColourspace('cmyk').jpeg(),
      picture(1, 1).png(),
      picture(64, 48).jpeg({ progressive: true }),
    ];
    for (const other of others) expect((await good(await other.toBuffer())).files).toHaveLength(4);
  });

  test('keeps nothing of 60 MB of text that are packed into it', async () => {
    const { files } = await good(await withLongText());
    for (const file of files) expect(file.length).toBeLessThan(10_000);
  });

  test('may be followed by what cameras write behind it', async () => {
    const jpeg = await sample('jpeg', 64, 48);
    const followed = [
      Buffer.alloc(512),
      jpeg,
      Buffer.concat([jpeg, jpeg]),
      Buffer.from('Image_UTC_Data1SEFT'),
    ];
    for (const more of followed) expect(await faultIn(Buffer.concat([jpeg, more]))).toBeNull();
  });
});

describe('is refused', async () => {
  test.each(Object.entries(await polyglots()))('%s', async (_, bytes) => {
    expect(await faultIn(bytes)).toMatch(/behind its end|archive|script|document/);
  });

  test.each(Object.entries(await bombs()))('%s', async (_, bytes) => {
    expect(await faultIn(bytes)).not.toBeNull();
  });

  test.each(Object.entries(await strangers()))('%s', async (_, bytes) => {
    expect(formatOf(bytes)).toBeNull();
    expect(await faultIn(bytes)).toBe('it is no image of a known kind');
  });

  test.each(kinds)('a cut off %s', async (kind) => {
    const whole = await sample(kind, 200, 150);
    for (const share of [0.1, 0.5, 0.95]) {
      const cut = whole.subarray(0, Math.floor(whole.length * share));
      expect(await faultIn(cut)).not.toBeNull();
    }
  });

  test('what only begins like an image', async () => {
    for (const kind of kinds) {
      const head = (await sample(kind, 64, 48)).subarray(0, 40);
      expect(await faultIn(Buffer.concat([head, Buffer.alloc(100, 0x2e)]))).not.toBeNull();
    }
  });
});

test('an untouched image has no fault, whatever its kind', async () => {
  for (const kind of kinds) expect(faultOf(await sample(kind), kind)).toBeNull();
});
