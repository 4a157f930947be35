/**
 * The pictures of the sample shop on the public port. They are SVG, which a browser that opens one by itself treats as a
 * document: the policy in the answer takes scripts and everything else away from it.
 *
 * A picture never changes under its name: it may be kept for a month. One that is drawn anew gets another name.
 */
import { readFile } from 'node:fs/promises';
import Type from 'typebox';
import { etagHeader, etagOf } from '../../gateway/etag.ts';
import type { Route } from '../../gateway/route.ts';
import { digestOf } from '../../protocol/digest.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { drawingOf, painted } from './palette.ts';
import { sampleProducts } from './products.ts';

const fileNames: ReadonlySet<string> = new Set(
  sampleProducts.flatMap(({ pictures }) => pictures.map((picture) => `${picture}.svg`)),
);

export const pictureUrl = (picture: string): string => `/media/sample/${picture}.svg`;

interface Picture {
  readonly bytes: Uint8Array;
  readonly etag: string;
}

/** Read when they are first asked for; there are as many as the sample products have. */
const pictures = new Map<string, Promise<Picture>>();

async function readPicture(fileName: string): Promise<Picture> {
  const { drawing, palette } = drawingOf(fileName.replace('.svg', ''));
  const drawn = await readFile(new URL(`./pictures/${drawing}.svg`, import.meta.url), 'utf8');
  const svg = palette === null ? drawn : painted(drawn, drawing, palette);
  return { bytes: Buffer.from(svg), etag: etagOf(digestOf(svg)) };
}

function pictureOf(fileName: string): Promise<Picture> {
  let picture = pictures.get(fileName);
  if (picture === undefined) {
    picture = readPicture(fileName);
    pictures.set(fileName, picture);
  }
  return picture;
}

const readSamplePicture: Route = {
  method: 'GET',
  path: '/media/sample/{picture}',
  operationId: 'getSamplePicture',
  summary: 'A picture of a sample product, as SVG',
  tag: 'Catalogue',
  who: 'anybody',
  params: { picture: Type.String({ pattern: '^[a-z0-9-]+\\.svg$', examples: ['campo-mug.svg'] }) },
  cacheSeconds: 30 * 86_400,
  contentType: 'image/svg+xml',
  replies: { 200: { description: 'The picture', headers: etagHeader } },
  refusals: ['not_found'],
  async handle({ params }) {
    const { picture: fileName = '' } = params;
    if (!fileNames.has(fileName)) throw new DoorbusterError('not_found', 'No such picture');
    const { bytes, etag } = await pictureOf(fileName);
    return {
      status: 200,
      body: bytes,
      headers: {
        ETag: etag,
        'Content-Security-Policy': "default-src 'none'; sandbox",
        'X-Content-Type-Options': 'nosniff',
      },
    };
  },
};

export const routes: readonly Route[] = [readSamplePicture];
