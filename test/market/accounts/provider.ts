/** A real OpenID Connect provider on this machine, and a browser that goes through it as one of its people. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';

export interface Person {
  readonly email?: string;
  readonly email_verified?: boolean;
  readonly name?: string;
}

export interface TestProvider {
  readonly issuer: string;
  /** By subject. */
  readonly people: Map<string, Person>;
  /** Who signs in next; null: they turn back. */
  next: string | null;
  /** Goes from the provider's first address to the last one, which is the shop's again. */
  walk(location: string): Promise<string>;
  stop(): Promise<void>;
}

export const clientId = 'shop';
export const clientSecret = 'a secret between the shop and its provider';

export async function startProvider(redirectUris: readonly string[]): Promise<TestProvider> {
  const people = new Map<string, Person>();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        ...{ client_id: clientId, client_secret: clientSecret, redirect_uris: [...redirectUris] },
        ...{ grant_types: ['authorization_code'], response_types: ['code'] },
      },
    ],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    findAccount: (_, accountId) => ({
      accountId,
      claims: async () => ({ sub: accountId, ...people.get(accountId) }),
    }),
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    features: { devInteractions: { enabled: false } },
    pkce: { required: () => true },
    cookies: { keys: ['a key of this provider'] },
    async loadExistingGrant({ oidc }) {
      const grant = new oidc.provider.Grant({
        ...{ clientId: oidc.client!.clientId, accountId: oidc.session!.accountId! },
      });
      grant.addOIDCScope('openid email profile');
      await grant.save();
      return grant;
    },
  });
  const handle = provider.callback();
  server.on('request', (request, response) => {
    if (!request.url?.startsWith('/interaction/')) return void handle(request, response);
    const result = test.next === null ? { error: 'access_denied' } : { login: { accountId: test.next } };
    void provider.interactionFinished(request, response, result);
  });
  const test: TestProvider = {
    issuer,
    people,
    next: null,
    async walk(location) {
      const cookies = new Map<string, string>();
      let at = location;
      for (let steps = 0; at.startsWith(issuer) && steps < 10; steps++) {
        const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
        const answer = await fetch(at, { redirect: 'manual', headers: { cookie } });
        for (const set of answer.headers.getSetCookie()) {
          const [, name, value] = /^([^=]+)=([^;]*)/.exec(set)!;
          cookies.set(name!, value!);
        }
        const next = answer.headers.get('location');
        if (next === null) throw new Error(`${at} answers ${answer.status}: ${await answer.text()}`);
        at = new URL(next, issuer).href;
      }
      return at;
    },
    stop() {
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
  return test;
}
