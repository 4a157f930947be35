import { expect, test } from 'vitest';
import { problem, refusalReply, statusByCode, throwRefusal } from '../../src/gateway/problem.ts';
import { refusals } from '../../src/protocol/codes.ts';
import { DoorbusterError } from '../../src/protocol/errors.ts';

test('every refusal has one status, and there are no others', () => {
  expect(Object.keys(statusByCode).sort()).toEqual(Object.keys(refusals).sort());
  for (const [code, status] of Object.entries(statusByCode)) {
    expect([code, status >= 400 && status < 600]).toEqual([code, true]);
  }
});

test("an actor's refusal becomes a problem whose own members win over its body", () => {
  try {
    throwRefusal({
      code: 'insufficient_stock',
      body: { available: 3, status: 'held', code: 'x', type: 'y' },
    });
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(DoorbusterError);
    expect(refusalReply(error)).toEqual({
      status: 409,
      headers: {},
      body: {
        type: 'urn:doorbuster:problem:insufficient_stock',
        title: 'Not enough units are available',
        status: 409,
        detail: 'Not enough units are available',
        code: 'insufficient_stock',
        available: 3,
      },
    });
  }
});

test('an answer that is no refusal cannot be refused', () => {
  expect(() => throwRefusal({ code: 'ok', body: null })).toThrow('not a refusal');
});

test('busy says when to come back, an unknown error is no refusal', () => {
  expect(refusalReply(new DoorbusterError('busy', 'x'))?.headers).toEqual({ 'Retry-After': '1' });
  expect(refusalReply(new TypeError('x'))).toBeNull();
  expect(problem('busy').status).toBe(503);
});
