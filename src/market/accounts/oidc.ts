/**
 * Signing in by an OpenID Connect provider: the authorisation code flow with PKCE, by openid-client.
 *
 * 1. What the way back is checked against (state, nonce, PKCE verifier, where to go) travels in a cookie that is sealed, so a
 *    gateway keeps nothing and any gateway can finish. It is for one provider, ten minutes, and our paths of the flow alone.
 * 2. The address that the provider sends people back to is `PUBLIC_URL`'s, never a request's `Host`.
 * 3. What a provider says of itself is asked for once and remembered; a provider that does not answer fails this sign-in
 *    and nothing else.
 */
import * as oidc from 'openid-client';
import type { OidcProvider } from '../../config.ts';
import { perGateway, type Services } from '../../gateway/route.ts';
import { sealOf } from '../../gateway/seal.ts';

/** Seconds. */
const timeout = 5;
const flowSeconds = 600;
const rememberedMs = 3_600_000;

/** What of the way out is needed on the way back. */
interface Flow {
  readonly provider: string;
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly returnTo: string;
  readonly untilMs: number;
}

/** Who somebody is, as the provider says. */
export interface Claims {
  readonly issuer: string;
  readonly subject: string;
  /** null: none, or none that the provider has verified. */
  readonly email: string | null;
  readonly name: string | null;
}

/** Why there is no sign-in: what the page of `returnTo` is told. */
export class OidcRefusal extends Error {
  readonly code:
    | 'provider_unavailable'
    | 'access_denied'
    | 'sign_in_failed'
    | 'email_not_verified'
    | 'email_taken'
    | 'account_suspended';
  readonly returnTo: string;

  constructor(code: OidcRefusal['code'], returnTo: string) {
    super(code);
    this.code = code;
    this.returnTo = returnTo;
  }
}

const cookiePath = '/v1/auth/oidc';
const cookieName = 'doorbuster_oidc';

class Oidc {
  readonly #services: Services;
  readonly #known = new Map<
    string,
    { readonly configuration: Promise<oidc.Configuration>; readonly atMs: number }
  >();

  constructor(services: Services) {
    this.#services = services;
  }

  /** null: none of that name is configured. */
  provider(id: string): OidcProvider | null {
    return this.#services.config.oidcProviders.find((one) => one.id === id) ?? null;
  }

  /** Where to send the browser, and the cookie that it must bring back. Throws an `OidcRefusal`. */
  async start(provider: OidcProvider, returnTo: string): Promise<{ location: string; cookie: string }> {
    const configuration = await this.#configurationOf(provider, returnTo);
    const verifier = oidc.randomPKCECodeVerifier();
    const flow: Flow = {
      ...{ provider: provider.id, state: oidc.randomState(), nonce: oidc.randomNonce(), verifier, returnTo },
      untilMs: Date.now() + flowSeconds * 1000,
    };
    const url = oidc.buildAuthorizationUrl(configuration, {
      ...{ redirect_uri: this.#callbackOf(provider).href, scope: 'openid email profile' },
      ...{ state: flow.state, nonce: flow.nonce },
      ...{ code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' },
    });
    return { location: url.href, cookie: this.#cookie(this.#close(flow), flowSeconds) };
  }

  /** What the cookie says of the way out; null when it is not ours, another provider's, or too old. */
  flowOf(provider: OidcProvider, cookies: string | undefined): Flow | null {
    const sealed = cookieIn(cookies);
    if (sealed === null) return null;
    try {
      const flow = JSON.parse(
        sealOf(this.#services).open(Buffer.from(sealed, 'base64url').toString('base64')),
      ) as Flow;
      return flow.provider === provider.id && flow.untilMs > Date.now() ? flow : null;
    } catch {
      return null;
    }
  }

  /** Exchanges the code. `queryText` is the callback's, as it came. Throws an `OidcRefusal`. */
  async finish(provider: OidcProvider, flow: Flow, query: URLSearchParams): Promise<Claims> {
    const { returnTo } = flow;
    const configuration = await this.#configurationOf(provider, returnTo);
    const url = this.#callbackOf(provider);
    url.search = query.toString();
    try {
      const tokens = await oidc.authorizationCodeGrant(configuration, url, {
        pkceCodeVerifier: flow.verifier,
        expectedState: flow.state,
        expectedNonce: flow.nonce,
        idTokenExpected: true,
      });
      const claims = tokens.claims()!;
      const hasEmail = claims.email_verified === true && typeof claims.email === 'string';
      const told = hasEmail ? claims : await this.#userInfo(configuration, tokens.access_token, claims.sub);
      return {
        issuer: claims.iss,
        subject: claims.sub,
        email: told.email_verified === true && typeof told.email === 'string' ? told.email : null,
        name: typeof told.name === 'string' ? told.name : null,
      };
    } catch (error) {
      const isRefused = error instanceof oidc.AuthorizationResponseError;
      if (isRefused) throw new OidcRefusal('access_denied', returnTo);
      this.#services.log('warn', 'a sign-in by a provider failed', {
        provider: provider.id,
        error: String(error),
      });
      throw new OidcRefusal('sign_in_failed', returnTo);
    }
  }

  /** The cookie's end. */
  clearedCookie(): string {
    return this.#cookie('', 0);
  }

  /** Providers may keep the address out of the token. */
  async #userInfo(
    configuration: oidc.Configuration,
    accessToken: string,
    subject: string,
  ): Promise<Pick<oidc.UserInfoResponse, 'email' | 'email_verified' | 'name'>> {
    if (configuration.serverMetadata().userinfo_endpoint === undefined) return {};
    return oidc.fetchUserInfo(configuration, accessToken, subject);
  }

  async #configurationOf(provider: OidcProvider, returnTo: string): Promise<oidc.Configuration> {
    const nowMs = performance.now();
    let known = this.#known.get(provider.id);
    if (known === undefined || nowMs - known.atMs > rememberedMs) {
      known = { configuration: discover(provider), atMs: nowMs };
      this.#known.set(provider.id, known);
    }
    try {
      return await known.configuration;
    } catch (error) {
      // The next one asks again.
      if (this.#known.get(provider.id) === known) this.#known.delete(provider.id);
      this.#services.log('warn', 'a provider of sign-ins does not answer', {
        ...{ provider: provider.id, error: String(error) },
      });
      throw new OidcRefusal('provider_unavailable', returnTo);
    }
  }

  #callbackOf(provider: OidcProvider): URL {
    return new URL(`${cookiePath}/${provider.id}/callback`, this.#services.publicUrl);
  }

  #close(flow: Flow): string {
    const sealed = sealOf(this.#services).close(JSON.stringify(flow));
    return Buffer.from(sealed, 'base64').toString('base64url');
  }

  #cookie(value: string, maxAge: number): string {
    const secure = this.#services.publicUrl.startsWith('https:') ? '; Secure' : '';
    return `${cookieName}=${value}; Path=${cookiePath}; Max-Age=${maxAge}; HttpOnly; SameSite=Lax${secure}`;
  }
}

export const oidcOf = perGateway((services) => new Oidc(services));

function discover({ issuer, clientId, clientSecret }: OidcProvider): Promise<oidc.Configuration> {
  const url = new URL(issuer);
  // config.ts has refused any that is not on this machine.
  const execute = url.protocol === 'http:' ? [oidc.allowInsecureRequests] : [];
  return oidc.discovery(url, clientId, clientSecret, undefined, { execute, timeout });
}

function cookieIn(cookies: string | undefined): string | null {
  for (const pair of (cookies ?? '').split(';')) {
    const [name, value] = pair.trim().split('=', 2);
    if (name === cookieName && value !== undefined && /^[\w-]+$/.test(value)) return value;
  }
  return null;
}

/** A path of this origin, with its query; `/` for anything else. */
export function returnPathOf(text: string | undefined): string {
  if (text === undefined || !/^\/(?![/\\])[^\\\p{Cc}]*$/u.test(text)) return '/';
  const origin = 'http://shop.invalid';
  const url = URL.canParse(text, origin) ? new URL(text, origin) : null;
  return url?.origin === origin && !url.pathname.startsWith('//') ? url.pathname + url.search : '/';
}
