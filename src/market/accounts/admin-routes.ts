/** What an admin does with other people's accounts. */
import { idParam } from '../../gateway/handling.ts';
import { type Route, reply, route } from '../../gateway/route.ts';
import { Account, RolesChange } from './schemas.ts';
import { accountsOf } from './store.ts';

const changeRoles = route({
  method: 'PATCH',
  path: '/v1/admin/accounts/{accountId}',
  operationId: 'changeRoles',
  summary: "Grant and take an account's roles; whoever loses one is signed out everywhere",
  tag: 'Accounts',
  who: ['admin'],
  body: RolesChange,
  replies: { 200: { description: 'The account', schema: Account } },
  refusals: ['not_found', 'wrong_state', 'last_admin'],
  async handle({ services, identity, params, body }) {
    const accountId = idParam('account', params.accountId);
    return reply(200, await accountsOf(services).changeRoles(identity.accountId, accountId, body));
  },
});

export const adminRoutes: readonly Route[] = [changeRoles];
