/** The audit trail, for administrators. */
import type { WebPage } from '../../gateway/pages.ts';
import { type Route, reply, route } from '../../gateway/route.ts';
import { Page } from '../../gateway/schemas.ts';
import { AuditAction, AuditFilter } from './schemas.ts';
import { listActions } from './store.ts';

const list = route({
  method: 'GET',
  path: '/v1/admin/audit',
  operationId: 'listAuditActions',
  summary: 'What administrators and operators did, newest first',
  tag: 'Administration',
  who: ['admin'],
  query: AuditFilter,
  replies: { 200: { description: 'A page of actions', schema: Page(AuditAction) } },
  async handle({ services, query }) {
    return reply(200, await listActions(services.database, query));
  },
});

export const routes: readonly Route[] = [list];

export const pages: readonly WebPage[] = [{ path: '/admin' }, { path: '/admin/audit' }];
