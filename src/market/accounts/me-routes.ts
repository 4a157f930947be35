/** One's own account and its saved addresses. */
import Type from 'typebox';
import type { RequestContext, Route } from '../../gateway/route.ts';
import {
  Address,
  AddressChange,
  Closed,
  Id,
  limitDefault,
  Nullable,
  Page,
  PageQuery,
  RoleName,
  SavedAddress,
} from '../../gateway/schemas.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { isId } from '../../protocol/ids.ts';

export const Account = Closed(
  {
    accountId: Id('account'),
    role: RoleName,
    email: Nullable(Type.String()),
    name: Nullable(Type.String()),
    createdAt: Type.String({ format: 'date-time' }),
  },
  { title: 'Account' },
);

const readMe: Route = {
  method: 'GET',
  path: '/v1/me',
  operationId: 'getMe',
  summary: 'Who I am',
  tag: 'Accounts',
  auth: 'any',
  responses: { 200: { description: 'The account', schema: Account } },
  async handle({ services, identity }) {
    return { status: 200, body: await services.market.accounts.read(identity!) };
  },
};

const changeMe: Route = {
  method: 'PATCH',
  path: '/v1/me',
  operationId: 'changeMe',
  summary: 'Change my name, or my password (which signs out everywhere)',
  tag: 'Accounts',
  auth: 'any',
  body: Closed(
    {
      name: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
      password: Type.Optional(Type.String({ minLength: 8, maxLength: 128 })),
      currentPassword: Type.Optional(Type.String({ maxLength: 128 })),
    },
    { minProperties: 1 },
  ),
  responses: { 200: { description: 'The account', schema: Account } },
  refusals: ['invalid_credentials'],
  async handle({ services, identity, body }) {
    return { status: 200, body: await services.market.accounts.change(identity!, body) };
  },
};

const listAddresses: Route = {
  method: 'GET',
  path: '/v1/me/addresses',
  operationId: 'listAddresses',
  summary: 'My saved addresses',
  tag: 'Accounts',
  auth: 'any',
  query: PageQuery,
  responses: { 200: { description: 'A page of addresses', schema: Page(SavedAddress) } },
  async handle({ services, identity, query }) {
    const { cursor = null, limit = limitDefault } = query;
    return {
      status: 200,
      body: await services.market.addresses.list(identity!.accountId, { cursor, limit }),
    };
  },
};

const addAddress: Route = {
  method: 'POST',
  path: '/v1/me/addresses',
  operationId: 'addAddress',
  summary: 'Save an address',
  tag: 'Accounts',
  auth: 'any',
  body: Address,
  idempotency: { isRequired: false, mints: 'address' },
  responses: { 201: { description: 'The saved address', schema: SavedAddress } },
  refusals: ['wrong_state'],
  async handle({ services, identity, body, mintedId }) {
    return { status: 201, body: await services.market.addresses.add(identity!, mintedId!, body) };
  },
};

function addressIdOf({ params }: RequestContext): string {
  const addressId = params.addressId!;
  if (!isId('address', addressId)) throw new DoorbusterError('not_found', 'No such address');
  return addressId;
}

const changeAddress: Route = {
  method: 'PATCH',
  path: '/v1/me/addresses/{addressId}',
  operationId: 'changeAddress',
  summary: 'Change a saved address',
  tag: 'Accounts',
  auth: 'any',
  body: AddressChange,
  responses: { 200: { description: 'The address', schema: SavedAddress } },
  refusals: ['not_found'],
  async handle(context) {
    const { services, identity, body } = context;
    const address = await services.market.addresses.change(identity!.accountId, addressIdOf(context), body);
    return { status: 200, body: address };
  },
};

const removeAddress: Route = {
  method: 'DELETE',
  path: '/v1/me/addresses/{addressId}',
  operationId: 'removeAddress',
  summary: 'Forget a saved address',
  tag: 'Accounts',
  auth: 'any',
  responses: { 204: { description: 'Forgotten' } },
  refusals: ['not_found'],
  async handle(context) {
    await context.services.market.addresses.remove(context.identity!.accountId, addressIdOf(context));
    return { status: 204 };
  },
};

export const meRoutes: readonly Route[] = [
  readMe,
  changeMe,
  listAddresses,
  addAddress,
  changeAddress,
  removeAddress,
];
