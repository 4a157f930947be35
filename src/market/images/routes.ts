/** Images of products: sent as they are, changed, removed; and their files, which anybody may keep for ever. */
import Type from 'typebox';
import { etagOf, ifMatchHeader, versionsOf } from '../../gateway/etag.ts';
import { idParam } from '../../gateway/handling.ts';
import type { WebPage } from '../../gateway/pages.ts';
import { type Identity, type Route, reply, route } from '../../gateway/route.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { Image } from '../catalog/schemas.ts';
import type { Claim } from '../catalog/store.ts';
import { mediaTypes } from './formats.ts';
import { isFileName } from './names.ts';
import { ImageChange } from './schemas.ts';
import { imagesOf } from './store.ts';

/** An image belongs to the version of its product. */
function claimOf(identity: Identity, productId: string, ifMatch: string | undefined): Claim {
  return { identity, productId: idParam('product', productId), versions: versionsOf(ifMatch) };
}

const addImage = route({
  method: 'POST',
  path: '/v1/products/{productId}/images',
  operationId: 'addImage',
  summary: 'Send an image of a product: the body is the file itself',
  tag: 'Catalogue',
  who: ['seller', 'admin'],
  upload: {
    types: mediaTypes,
    refusal: 'unsupported_image',
    bytesMax: 10 * 1024 * 1024,
    secondsMax: 120,
    atOnceMax: 32,
    perAccountMax: 3,
  },
  headers: ifMatchHeader,
  mints: 'image',
  replies: { 201: { description: 'The image, behind the others of the product', schema: Image } },
  refusals: [
    'not_found',
    'stale_version',
    'too_many_images',
    'payload_too_large',
    'unsupported_image',
    'image_rejected',
  ],
  async handle({ services, identity, params, headers, mintedId, upload }) {
    const claim = claimOf(identity, params.productId, headers['if-match']);
    return reply(201, await imagesOf(services).add(claim, mintedId, upload.path));
  },
});

const changeImage = route({
  method: 'PATCH',
  path: '/v1/products/{productId}/images/{imageId}',
  operationId: 'changeImage',
  summary: 'Say what an image shows, or move it among the images of its product',
  tag: 'Catalogue',
  who: ['seller', 'admin'],
  body: ImageChange,
  headers: ifMatchHeader,
  replies: { 200: { description: 'The image', schema: Image } },
  refusals: ['not_found', 'stale_version'],
  async handle({ services, identity, params, headers, body }) {
    const claim = claimOf(identity, params.productId, headers['if-match']);
    return reply(200, await imagesOf(services).change(claim, idParam('image', params.imageId), body));
  },
});

const removeImage = route({
  method: 'DELETE',
  path: '/v1/products/{productId}/images/{imageId}',
  operationId: 'removeImage',
  summary: 'Remove an image from its product',
  tag: 'Catalogue',
  who: ['seller', 'admin'],
  headers: ifMatchHeader,
  replies: { 204: { description: 'Gone' } },
  refusals: ['not_found', 'stale_version'],
  async handle({ services, identity, params, headers }) {
    const claim = claimOf(identity, params.productId, headers['if-match']);
    await imagesOf(services).remove(claim, idParam('image', params.imageId));
    return reply(204);
  },
});

const immutable = 'public, max-age=31536000, immutable';

/** Public: whoever knows the hash has seen the image. */
const readImageFile: Route = {
  method: 'GET',
  path: '/media/{file}',
  operationId: 'getImageFile',
  summary: 'A file of an image, as WebP: its content never changes',
  tag: 'Catalogue',
  who: 'anybody',
  params: {
    file: Type.String({
      pattern: '^[0-9a-f]{64}-(?:320|640|1280|1920)\\.webp$',
      examples: [`${'0123456789abcdef'.repeat(4)}-640.webp`],
    }),
  },
  contentType: 'image/webp',
  replies: { 200: { description: 'The file', headers: { ETag: 'Its name: the same file for ever' } } },
  refusals: ['not_found'],
  async handle({ services, params, client }) {
    const { file = '' } = params;
    const bytes = isFileName(file) ? await imagesOf(services).files.read(file) : null;
    if (bytes === null) {
      // Whoever asks for names that there are not is made to wait: each costs a look into the store.
      services.limits.refused.take(client);
      throw new DoorbusterError('not_found', 'No such file');
    }
    return {
      status: 200,
      body: bytes,
      cacheControl: immutable,
      headers: {
        ETag: etagOf(file.slice(0, -'.webp'.length)),
        'Content-Security-Policy': "default-src 'none'; sandbox",
        'X-Content-Type-Options': 'nosniff',
      },
    };
  },
};

export const pages: readonly WebPage[] = [
  { path: '/sell/products/new' },
  { path: '/sell/products/{productId}' },
];

export const routes: readonly Route[] = [addImage, changeImage, removeImage, readImageFile];
