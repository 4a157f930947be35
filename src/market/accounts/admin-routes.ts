/** What an administrator does with other people's accounts. */
import { idParam } from '../../gateway/handling.ts';
import { type Route, reply, route } from '../../gateway/route.ts';
import { Page } from '../../gateway/schemas.ts';
import { managedAccountsOf } from './admin-store.ts';
import { AccountFilter, ManagedAccount, ManagedChange } from './schemas.ts';

const tag = 'Administration';

const list = route({
  method: 'GET',
  path: '/v1/admin/accounts',
  operationId: 'listAccounts',
  summary: 'Accounts, newest first; those that registered, unless guests are asked for',
  tag,
  who: ['admin'],
  query: AccountFilter,
  replies: { 200: { description: 'A page of accounts', schema: Page(ManagedAccount) } },
  async handle({ services, query }) {
    return reply(200, await managedAccountsOf(services).list(query));
  },
});

const change = route({
  method: 'PATCH',
  path: '/v1/admin/accounts/{accountId}',
  operationId: 'changeAccount',
  summary:
    "Grant and take an account's roles, suspend it or let it in again; whoever loses a role or is suspended is signed out everywhere within 5 s",
  tag,
  who: ['admin'],
  body: ManagedChange,
  replies: { 200: { description: 'The account', schema: ManagedAccount } },
  refusals: ['not_found', 'wrong_state', 'last_admin'],
  async handle({ services, identity, params, body }) {
    const accountId = idParam('account', params.accountId);
    return reply(200, await managedAccountsOf(services).change(identity.accountId, accountId, body));
  },
});

export const adminRoutes: readonly Route[] = [list, change];
