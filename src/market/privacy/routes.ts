/** One's own data: a copy of it, and leaving. */
import { idParam } from '../../gateway/handling.ts';
import { type Route, reply, route } from '../../gateway/route.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { isFreshSession, lockAccount, provePassword } from '../accounts/erasure-store.ts';
import { isGuest, keepGuest } from '../accounts/guest-store.ts';
import { eraseAccount } from './erasure-store.ts';
import { exportsOf } from './export-store.ts';
import { Export, Leave } from './schemas.ts';

const startExport = route({
  method: 'POST',
  path: '/v1/me/export',
  operationId: 'startExport',
  summary: 'A copy of what is kept of me, as JSON: ready in seconds, kept for a day, for this account only',
  tag: 'Accounts',
  who: 'signed-in',
  mints: 'export',
  replies: {
    202: { description: 'It is being made', schema: Export, headers: { Location: 'Where it is' } },
  },
  refusals: ['rate_limited'],
  async handle({ services, identity, mintedId }) {
    const started = await exportsOf(services).start(identity, mintedId);
    return reply(202, started, { Location: `/v1/me/exports/${started.exportId}` });
  },
});

const readExport = route({
  method: 'GET',
  path: '/v1/me/exports/{exportId}',
  operationId: 'getExport',
  summary: 'How far a copy is',
  tag: 'Accounts',
  who: 'signed-in',
  replies: { 200: { description: 'The export', schema: Export } },
  refusals: ['not_found'],
  async handle({ services, identity, params }) {
    const exportId = idParam('export', params.exportId);
    return reply(200, await exportsOf(services).read(identity.accountId, exportId));
  },
});

const downloadExport: Route = {
  method: 'GET',
  path: '/v1/me/exports/{exportId}/data',
  operationId: 'downloadExport',
  summary: 'The copy itself, once it is done',
  tag: 'Accounts',
  who: 'signed-in',
  replies: { 200: { description: 'Account, addresses, sessions, orders and products, as JSON' } },
  refusals: ['not_found'],
  async handle({ services, identity, params }) {
    const exportId = idParam('export', params.exportId);
    const body = await exportsOf(services).open(identity!.accountId, exportId);
    return {
      status: 200,
      body,
      headers: { 'Content-Disposition': 'attachment; filename="doorbuster.json"' },
    };
  },
};

const leave = route({
  method: 'DELETE',
  path: '/v1/me',
  operationId: 'eraseMe',
  summary: 'Leave: who I am is forgotten everywhere within a minute; orders stay, without a name',
  tag: 'Accounts',
  who: 'signed-in',
  body: Leave,
  replies: {
    202: { description: 'Done at once for everybody else; files and backups follow within a minute' },
  },
  refusals: ['invalid_credentials', 'account_in_use', 'rate_limited'],
  async handle({ services, identity, body, client }) {
    const { accountId, sessionId } = identity;
    const passwordHash = await provePassword(services, accountId, body.currentPassword, client);
    await services.database.transaction(async (query) => {
      await keepGuest(query, identity);
      const row = await lockAccount(query, accountId);
      // A password that is changed meanwhile lets nobody leave.
      const isProven =
        row.password_hash === passwordHash &&
        (passwordHash !== null || isGuest(row) || (await isFreshSession(query, sessionId)));
      if (!isProven) throw new DoorbusterError('invalid_credentials', 'The current password is wrong');
      await eraseAccount(query, { accountId, roles: row.roles, email: row.email });
    });
    return reply(202);
  },
});

export const routes: readonly Route[] = [startExport, readExport, downloadExport, leave];
