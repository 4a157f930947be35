/** An account's own sessions: where it is signed in, and ending one of them. */
import { idParam } from '../../gateway/handling.ts';
import { type AnyRequest, type Route, reply, route } from '../../gateway/route.ts';
import { Page, PageQuery } from '../../gateway/schemas.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { Session } from './schemas.ts';
import { sessionUsesOf } from './session-uses.ts';
import { endSession, listSessions, type SeenFrom } from './sessions.ts';

const userAgentCharsMax = 300;

/** The header of routes that open, renew or show sessions. */
export const userAgentHeader = {
  'user-agent': 'Shown to the owner of the account beside the session',
} as const;

/** Visible characters only: it is shown as it is. */
export function seenFrom({
  client,
  headers,
}: Pick<AnyRequest, 'client'> & { readonly headers: { readonly 'user-agent'?: string } }): SeenFrom {
  const userAgent = headers['user-agent']?.replace(/[^\x20-\x7e\xa0-\xff]/g, '').trim();
  return { address: client.text, userAgent: userAgent?.slice(0, userAgentCharsMax) || null };
}

const list = route({
  method: 'GET',
  path: '/v1/me/sessions',
  operationId: 'listSessions',
  summary: 'Where I am signed in, newest first',
  tag: 'Accounts',
  who: 'signed-in',
  headers: userAgentHeader,
  query: PageQuery,
  replies: { 200: { description: 'A page of sessions', schema: Page(Session) } },
  async handle(request) {
    const { services, identity, query } = request;
    return reply(
      200,
      await listSessions(services.database, identity, seenFrom(request), query, sessionUsesOf(services)),
    );
  },
});

const end = route({
  method: 'DELETE',
  path: '/v1/me/sessions/{sessionId}',
  operationId: 'endSession',
  summary: 'Sign out there: its access tokens and sockets end within 5 s',
  tag: 'Accounts',
  who: 'signed-in',
  replies: { 204: { description: 'Signed out' } },
  refusals: ['not_found'],
  async handle({ services, identity: { accountId }, params }) {
    const sessionId = idParam('session', params.sessionId);
    const hasEnded = await services.database.transaction((query) => endSession(query, accountId, sessionId));
    if (!hasEnded) throw new DoorbusterError('not_found', 'No such session, or it has ended');
    return reply(204);
  },
});

export const sessionRoutes: readonly Route[] = [list, end];
