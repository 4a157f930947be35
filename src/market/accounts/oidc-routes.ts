/** Signing in by an OpenID Connect provider: a browser goes there and comes back with its tokens in the fragment. */
import { type Route, reply, route } from '../../gateway/route.ts';
import { tokensOf } from '../../gateway/tokens.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { identitiesOf } from './identity-store.ts';
import { OidcRefusal, oidcOf, returnPathOf } from './oidc.ts';
import { OidcCallback, OidcProviders, OidcStart, ProviderParam } from './schemas.ts';
import { seenFrom, userAgentHeader } from './session-routes.ts';

const listProviders = route({
  method: 'GET',
  path: '/v1/auth/oidc',
  operationId: 'listOidcProviders',
  summary: 'By whom one can sign in besides a password',
  tag: 'Accounts',
  who: 'anybody',
  cacheSeconds: 60,
  replies: { 200: { description: 'The providers', schema: OidcProviders } },
  async handle({ services }) {
    const items = services.config.oidcProviders.map(({ id, name }) => ({
      ...{ provider: id, name, startUrl: `/v1/auth/oidc/${id}/start` },
    }));
    return reply(200, { items });
  },
});

const params = { provider: ProviderParam };
const headers = {
  Location: 'Where the browser goes',
  'Set-Cookie': 'What it brings back, for these paths only',
};
const replies = { 302: { description: 'Go there', headers } };

const start = route({
  method: 'GET',
  path: '/v1/auth/oidc/{provider}/start',
  operationId: 'startOidc',
  summary: 'Go to the provider',
  tag: 'Accounts',
  who: 'anybody',
  params,
  query: OidcStart,
  replies,
  refusals: ['not_found', 'rate_limited'],
  async handle({ services, client, params: { provider: id }, query }) {
    const oidc = oidcOf(services);
    const provider = oidc.provider(id);
    if (provider === null) throw new DoorbusterError('not_found', 'No such provider');
    services.limits.guests.take(client);
    const returnTo = returnPathOf(query.returnTo);
    try {
      const { location, cookie } = await oidc.start(provider, returnTo);
      return reply(302, undefined, { Location: location, 'Set-Cookie': cookie });
    } catch (error) {
      return failed(error, oidc.clearedCookie());
    }
  },
});

const callback = route({
  method: 'GET',
  path: '/v1/auth/oidc/{provider}/callback',
  operationId: 'finishOidc',
  summary:
    'Come back from the provider: on to `returnTo` with `#accessToken=…&refreshToken=…&expiresIn=…`, or `#error=…`',
  tag: 'Accounts',
  who: 'anybody',
  params,
  query: OidcCallback,
  headers: { ...userAgentHeader, cookie: 'The one of the start' },
  replies,
  refusals: ['not_found', 'rate_limited'],
  async handle(request) {
    const { services, client, params: given, query } = request;
    const oidc = oidcOf(services);
    const provider = oidc.provider(given.provider);
    if (provider === null) throw new DoorbusterError('not_found', 'No such provider');
    services.limits.guests.take(client);
    const cookie = oidc.clearedCookie();
    const flow = oidc.flowOf(provider, request.headers.cookie);
    try {
      // Somebody else's way back, or one that took too long.
      if (flow === null) throw new OidcRefusal('sign_in_failed', '/');
      const claims = await oidc.finish(provider, flow, new URLSearchParams(query));
      const { account, sessionId, refreshToken } = await identitiesOf(services).signIn(
        claims,
        flow.returnTo,
        seenFrom(request),
      );
      const { accessToken, expiresIn } = tokensOf(services).issueAccess(account, sessionId);
      const tokens = new URLSearchParams({ accessToken, refreshToken, expiresIn: String(expiresIn) });
      return reply(302, undefined, { Location: `${flow.returnTo}#${tokens}`, 'Set-Cookie': cookie });
    } catch (error) {
      return failed(error, cookie);
    }
  },
});

/** The page that it comes back to says why. What is no refusal is thrown on. */
function failed(error: unknown, cookie: string) {
  if (!(error instanceof OidcRefusal)) throw error;
  const { code, returnTo } = error;
  return reply(302, undefined, { Location: `${returnTo}#error=${code}`, 'Set-Cookie': cookie });
}

export const oidcRoutes: readonly Route[] = [listProviders, start, callback];
