/** The catalogue: what is sold, by whom, at which regular price. */
import Type from 'typebox';
import { etagOf, versionsOf } from '../../gateway/etag.ts';
import type { Reply, RequestContext, Route } from '../../gateway/route.ts';
import { Closed, Id, Money, Nullable, Page, pageQuery, Sku } from '../../gateway/schemas.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { isId } from '../../protocol/ids.ts';
import type { Product as ProductView } from './store.ts';

const name = '^[^\\u0000-\\u001f]{1,64}$';
const Options = Type.Record(Type.String({ pattern: name }), Type.String({ maxLength: 200 }), {
  maxProperties: 10,
  additionalProperties: false,
});
const Attributes = Type.Record(
  Type.String({ pattern: name }),
  Type.Union([Type.String({ maxLength: 1_000 }), Type.Number(), Type.Boolean()]),
  { maxProperties: 50, additionalProperties: false },
);
const described = {
  title: Type.String({ minLength: 1, maxLength: 200 }),
  description: Type.String({ maxLength: 10_000 }),
  brand: Type.String({ maxLength: 100 }),
  category: Type.String({
    minLength: 1,
    maxLength: 200,
    description: 'A path such as `Electronics > Phones`',
  }),
  attributes: Attributes,
  images: Type.Array(Type.String({ pattern: '^https?://[^\\s]+$', maxLength: 2_000 }), { maxItems: 20 }),
};
const variantsMax = 100;

const Variant = Closed({
  sku: Sku,
  options: Options,
  price: Money,
  available: Nullable(Type.Integer({ description: 'A moment old; `/v1/inventory/{sku}` is exact' })),
});

const Product = Closed(
  {
    productId: Id('product'),
    sellerId: Id('account'),
    ...described,
    variants: Type.Array(Variant),
    rating: Nullable(Type.Number()),
    ratingCount: Type.Integer(),
    createdAt: Type.String({ format: 'date-time' }),
    updatedAt: Type.String({ format: 'date-time' }),
    version: Type.Integer(),
  },
  { title: 'Product' },
);

const NewProduct = Closed(
  {
    title: described.title,
    description: Type.Optional(described.description),
    brand: Type.Optional(described.brand),
    category: described.category,
    attributes: Type.Optional(described.attributes),
    images: Type.Optional(described.images),
    variants: Type.Array(
      Closed({
        sku: Sku,
        options: Type.Optional(Options),
        price: Money,
        stock: Type.Integer({ minimum: 0, maximum: 1_000_000_000 }),
      }),
      { minItems: 1, maxItems: variantsMax },
    ),
  },
  { title: 'NewProduct' },
);

const ProductChange = Closed(
  {
    title: Type.Optional(described.title),
    description: Type.Optional(described.description),
    brand: Type.Optional(described.brand),
    category: Type.Optional(described.category),
    attributes: Type.Optional(described.attributes),
    images: Type.Optional(described.images),
    variants: Type.Optional(
      Type.Array(Closed({ sku: Sku, options: Type.Optional(Options), price: Type.Optional(Money) }), {
        minItems: 1,
        maxItems: variantsMax,
      }),
    ),
  },
  { title: 'ProductChange', minProperties: 1 },
);

function productIdOf({ params }: RequestContext): string {
  const productId = params.productId!;
  if (!isId('product', productId)) throw new DoorbusterError('not_found', 'No such product');
  return productId;
}

/** Admins act for every seller. */
const ownerOf = ({ identity }: RequestContext) => (identity!.role === 'admin' ? null : identity!.accountId);

function productReply(status: number, product: ProductView): Reply {
  const headers: Record<string, string> = { ETag: etagOf(product.version) };
  if (status === 201) headers.Location = `/v1/products/${product.productId}`;
  return { status, body: product, headers };
}

const create: Route = {
  method: 'POST',
  path: '/v1/products',
  operationId: 'createProduct',
  summary: 'Put a product into the catalogue',
  tag: 'Catalogue',
  auth: ['seller'],
  body: NewProduct,
  idempotency: { isRequired: false, mints: 'product' },
  responses: { 201: { description: 'The product', schema: Product } },
  refusals: ['sku_taken', 'busy'],
  async handle({ services, identity, body, mintedId }) {
    const product = await services.market.catalog.create(identity!.accountId, mintedId!, {
      title: body.title,
      description: body.description ?? '',
      brand: body.brand ?? '',
      category: body.category,
      attributes: body.attributes ?? {},
      images: body.images ?? [],
      variants: body.variants.map((variant: object) => ({ options: {}, ...variant })),
    });
    return productReply(201, product);
  },
};

const list: Route = {
  method: 'GET',
  path: '/v1/products',
  operationId: 'listProducts',
  summary: 'The catalogue, by category, seller and order',
  tag: 'Catalogue',
  auth: 'none',
  query: Closed({
    category: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    seller: Type.Optional(Id('account')),
    sort: Type.Optional(Type.Enum(['price_asc', 'price_desc', 'newest', 'rating'] as const)),
    ...pageQuery,
  }),
  responses: { 200: { description: 'A page of products', schema: Page(Product) } },
  async handle({ services, query }) {
    return { status: 200, body: await services.market.catalog.list(query) };
  },
};

const read: Route = {
  method: 'GET',
  path: '/v1/products/{productId}',
  operationId: 'getProduct',
  summary: 'One product',
  tag: 'Catalogue',
  auth: 'none',
  responses: { 200: { description: 'The product', schema: Product } },
  refusals: ['not_found'],
  async handle(context) {
    return productReply(200, await context.services.market.catalog.read(productIdOf(context)));
  },
};

const change: Route = {
  method: 'PATCH',
  path: '/v1/products/{productId}',
  operationId: 'changeProduct',
  summary: 'Change a product; open sales keep their price',
  tag: 'Catalogue',
  auth: ['seller', 'admin'],
  body: ProductChange,
  headers: ['if-match'],
  responses: { 200: { description: 'The product', schema: Product } },
  refusals: ['not_found', 'stale_version'],
  async handle(context) {
    const { services, headers, body } = context;
    const versions = versionsOf(headers['if-match']);
    const product = await services.market.catalog.change(
      ownerOf(context),
      productIdOf(context),
      versions,
      body,
    );
    return productReply(200, product);
  },
};

const remove: Route = {
  method: 'DELETE',
  path: '/v1/products/{productId}',
  operationId: 'removeProduct',
  summary: 'Take a product out of the catalogue; its SKUs stay taken and open sales go on',
  tag: 'Catalogue',
  auth: ['seller', 'admin'],
  headers: ['if-match'],
  responses: { 204: { description: 'Gone' } },
  refusals: ['not_found', 'stale_version'],
  async handle(context) {
    const versions = versionsOf(context.headers['if-match']);
    await context.services.market.catalog.archive(ownerOf(context), productIdOf(context), versions);
    return { status: 204 };
  },
};

export const productRoutes: readonly Route[] = [create, list, read, change, remove];
