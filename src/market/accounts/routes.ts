/** One's own account and its saved addresses. Signing in and out is in `auth-routes.ts`. */

import type { WebPage } from '../../gateway/pages.ts';
import { type Route, reply, route } from '../../gateway/route.ts';
import { Page, PageQuery } from '../../gateway/schemas.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { isId } from '../../protocol/ids.ts';
import { addressesOf } from './address-store.ts';
import { adminRoutes } from './admin-routes.ts';
import { authRoutes } from './auth-routes.ts';
import { mailedRoutes } from './mailed-routes.ts';
import { oidcRoutes } from './oidc-routes.ts';
import { tryPassword } from './password-tries.ts';
import { Account, AccountChange, AddressChange, NewSavedAddress, SavedAddress } from './schemas.ts';
import { sessionRoutes } from './session-routes.ts';
import { accountsOf } from './store.ts';

const readMe = route({
  method: 'GET',
  path: '/v1/me',
  operationId: 'getMe',
  summary: 'Who I am',
  tag: 'Accounts',
  who: 'signed-in',
  replies: { 200: { description: 'The account', schema: Account } },
  async handle({ services, identity }) {
    return reply(200, await accountsOf(services).read(identity));
  },
});

const changeMe = route({
  method: 'PATCH',
  path: '/v1/me',
  operationId: 'changeMe',
  summary: 'Change my name, or my password (which signs out everywhere)',
  tag: 'Accounts',
  who: 'signed-in',
  body: AccountChange,
  replies: { 200: { description: 'The account', schema: Account } },
  refusals: ['invalid_credentials', 'rate_limited'],
  async handle({ services, identity, body, client }) {
    const accounts = accountsOf(services);
    const { accountId } = identity;
    const { name, password, currentPassword = '' } = body;
    if (password !== undefined) {
      const { email } = await accounts.read(identity);
      await tryPassword(services, email ?? accountId, client, () =>
        accounts.changePassword(accountId, password, currentPassword),
      );
    }
    if (name !== undefined) await accounts.rename(identity, name);
    return reply(200, await accounts.read(identity));
  },
});

const listAddresses = route({
  method: 'GET',
  path: '/v1/me/addresses',
  operationId: 'listAddresses',
  summary: 'My saved addresses',
  tag: 'Accounts',
  who: 'signed-in',
  query: PageQuery,
  replies: { 200: { description: 'A page of addresses', schema: Page(SavedAddress) } },
  async handle({ services, identity, query }) {
    return reply(200, await addressesOf(services).list(identity.accountId, query));
  },
});

const addAddress = route({
  method: 'POST',
  path: '/v1/me/addresses',
  operationId: 'addAddress',
  summary: 'Save an address',
  tag: 'Accounts',
  who: 'signed-in',
  isPersonal: true,
  body: NewSavedAddress,
  mints: 'address',
  replies: { 201: { description: 'The saved address', schema: SavedAddress } },
  refusals: ['wrong_state'],
  async handle({ services, identity, body, mintedId }) {
    return reply(201, await addressesOf(services).add(identity, mintedId, body));
  },
});

function addressIdParam(text: string): string {
  if (!isId('address', text)) throw new DoorbusterError('not_found', 'No such address');
  return text;
}

const changeAddress = route({
  method: 'PATCH',
  path: '/v1/me/addresses/{addressId}',
  operationId: 'changeAddress',
  summary: 'Change a saved address',
  tag: 'Accounts',
  who: 'signed-in',
  body: AddressChange,
  replies: { 200: { description: 'The address', schema: SavedAddress } },
  refusals: ['not_found'],
  async handle({ services, identity, params, body }) {
    const addressId = addressIdParam(params.addressId);
    return reply(200, await addressesOf(services).change(identity.accountId, addressId, body));
  },
});

const removeAddress = route({
  method: 'DELETE',
  path: '/v1/me/addresses/{addressId}',
  operationId: 'removeAddress',
  summary: 'Forget a saved address',
  tag: 'Accounts',
  who: 'signed-in',
  replies: { 204: { description: 'Forgotten' } },
  refusals: ['not_found'],
  async handle({ services, identity, params }) {
    await addressesOf(services).remove(identity.accountId, addressIdParam(params.addressId));
    return reply(204);
  },
});

export const routes: readonly Route[] = [
  ...authRoutes,
  ...mailedRoutes,
  ...oidcRoutes,
  ...sessionRoutes,
  ...adminRoutes,
  readMe,
  changeMe,
  listAddresses,
  addAddress,
  changeAddress,
  removeAddress,
];

const pagePaths = ['/signin', '/register', '/verify', '/reset', '/account', '/admin/accounts'];

export const pages: readonly WebPage[] = pagePaths.map((path) => ({ path }));
