import { createHmac } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { deriveKey } from '../../src/gateway/derive-key.ts';
import { AccessTokens } from '../../src/gateway/tokens.ts';
import { DoorbusterError } from '../../src/protocol/errors.ts';

const secret = 'a secret of the tests, which is long enough';
const key = deriveKey(secret, 'access token v1');
const nowMs = Date.parse('2026-03-01T12:00:00.700Z');
const nowS = Math.floor(nowMs / 1000);
const good = { roles: ['buyer'], iss: 'doorbuster', sub: 'acc_1', iat: nowS, exp: nowS + 60 };

/** A gateway that has seen no token yet. */
const fresh = () => new AccessTokens(secret, () => nowMs);

const base64url = (text: string) => Buffer.from(text).toString('base64url');

/** Signed with the server's own key, whatever it says. */
function signed(claims: unknown, head: object = { alg: 'HS256', typ: 'JWT' }, algorithm = 'sha256'): string {
  const text = `${base64url(JSON.stringify(head))}.${base64url(JSON.stringify(claims))}`;
  return `${text}.${createHmac(algorithm, key).update(text).digest('base64url')}`;
}

/** The code with which a gateway refuses it, known to be refused or not; null when it is good. */
function refusal(token: string): string | null {
  const tokens = fresh();
  const [first, second] = [0, 1].map(() => {
    try {
      tokens.verify(token);
      return null;
    } catch (error) {
      if (error instanceof DoorbusterError) return error.code;
      throw error;
    }
  });
  expect(second).toBe(first);
  return first!;
}

describe('a token that a gateway issued', () => {
  const { accessToken } = fresh().issueAccess({ accountId: 'acc_7', roles: ['buyer', 'seller'] }, 'ses_9');

  test('is good on another gateway with the secret', () => {
    expect(fresh().verify(accessToken)).toEqual({
      ...{ accountId: 'acc_7', roles: ['buyer', 'seller'], sessionId: 'ses_9' },
      expiresAtMs: (nowS + 900) * 1000,
    });
  });

  test('is one to a library that knows nothing of us', async () => {
    const { payload, protectedHeader } = await jwtVerify(accessToken, key, {
      issuer: 'doorbuster',
      algorithms: ['HS256'],
      currentDate: new Date(nowMs),
    });
    expect(protectedHeader).toEqual({ alg: 'HS256', typ: 'JWT' });
    expect(payload).toEqual({
      ...good,
      roles: ['buyer', 'seller'],
      sid: 'ses_9',
      sub: 'acc_7',
      exp: nowS + 900,
    });
  });

  test('is refused when any one character of it is another', () => {
    for (let at = 0; at < accessToken.length; at++) {
      const other = accessToken[at] === 'A' ? 'B' : 'A';
      expect(refusal(accessToken.slice(0, at) + other + accessToken.slice(at + 1))).toBe('invalid_token');
    }
  });

  test('is refused with something before, behind or missing', () => {
    for (const other of [
      ...[
        `${accessToken}=`,
        `${accessToken}A`,
        `${accessToken}.`,
        ` ${accessToken}`,
        accessToken.slice(0, -1),
      ],
      ...[accessToken.slice(0, accessToken.lastIndexOf('.')), `${accessToken}\u0141`, '', '.', '..', '...'],
    ])
      expect(refusal(other)).toBe('invalid_token');
  });
});

describe('a token of the server’s own key', () => {
  test('of an earlier version, as a library made it, is good', async () => {
    const token = await new SignJWT({ role: 'operator' })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuer('doorbuster')
      .setSubject('acc_0190b2a0-0000-7000-8000-000000000001')
      .setIssuedAt(nowS)
      .setExpirationTime(nowS + 60)
      .sign(key);
    expect(fresh().verify(token)).toMatchObject({
      roles: ['operator'],
      sessionId: 'ses_0190b2a0-0000-7000-8000-000000000001',
    });
  });

  test('expires at its second, and not before', () => {
    expect(refusal(signed({ ...good, exp: nowS + 1 }))).toBeNull();
    expect(refusal(signed({ ...good, exp: nowS }))).toBe('token_expired');
    expect(refusal(signed({ ...good, exp: nowS - 1 }))).toBe('token_expired');
  });

  test('is not good before its time', () => {
    expect(refusal(signed({ ...good, nbf: nowS }))).toBeNull();
    expect(refusal(signed({ ...good, nbf: nowS + 1 }))).toBe('invalid_token');
  });

  test('with another head is refused: no token chooses how it is checked', () => {
    expect(refusal(signed(good))).toBeNull();
    for (const [head, algorithm] of [
      [{ alg: 'none', typ: 'JWT' }],
      [{ alg: 'HS512', typ: 'JWT' }, 'sha512'],
      [{ alg: 'HS256', typ: 'JWT' }, 'sha512'],
      [{ alg: 'HS256' }],
      [{ alg: 'HS256', typ: 'JWT', crit: ['exp'] }],
      [{ alg: 'HS256', typ: 'JWT', b64: false }],
      [{ typ: 'JWT', alg: 'HS256' }],
    ] as const)
      expect(refusal(signed(good, head, algorithm))).toBe('invalid_token');
    const unsigned = `${base64url('{"alg":"none"}')}.${base64url(JSON.stringify(good))}.`;
    expect(refusal(unsigned)).toBe('invalid_token');
  });

  test('with claims that are missing, or of another kind, is refused', () => {
    const { iss: _iss, ...issuerless } = good;
    const { sub: _sub, ...nobodys } = good;
    const { exp: _exp, ...endless } = good;
    const { roles: _roles, ...roleless } = good;
    for (const claims of [
      ...[issuerless, nobodys, endless, roleless, [good], null, 1, 'text'],
      ...[
        { ...good, iss: 'another' },
        { ...good, sub: 7 },
        { ...good, exp: 'tomorrow' },
        { ...good, exp: null },
      ],
      ...[
        { ...good, nbf: 'yesterday' },
        { ...good, roles: [] },
        { ...good, roles: ['king'] },
      ],
    ])
      expect(refusal(signed(claims))).toBe('invalid_token');
  });

  test('with a payload that is no JSON is refused', () => {
    const text = `${base64url('{"alg":"HS256","typ":"JWT"}')}.${base64url('{"iss":')}`;
    expect(refusal(`${text}.${createHmac('sha256', key).update(text).digest('base64url')}`)).toBe(
      'invalid_token',
    );
  });
});

test('a token of a session that has ended is refused, remembered or not', () => {
  const tokens = fresh();
  const { accessToken } = tokens.issueAccess({ accountId: 'acc_7', roles: ['buyer'] }, 'ses_9');
  const other = fresh();
  other.verify(accessToken);
  for (const each of [tokens, other, fresh()]) {
    each.revoke([{ sessionId: 'ses_9', untilMs: nowMs + 900_000 }]);
    expect(() => each.verify(accessToken)).toThrow(expect.objectContaining({ code: 'invalid_token' }));
  }
});
