/** Reports of the fuzzer: a reason excuses what it names, and nothing else. */
import { expect, it } from 'vitest';
import { refusalReply } from '../../src/gateway/problem.ts';
import type { Reply } from '../../src/gateway/route.ts';
import { DoorbusterError } from '../../src/protocol/errors.ts';
import { explain } from './explanations.ts';
import type { Finding } from './tool.ts';

function finding(check: string, { status, body, headers = {} }: Reply): Finding {
  const isRetryable = 'Retry-After' in headers;
  return { check, status, body: JSON.stringify(body), isRetryable, phase: '', request: '', message: '' };
}

const answer = (...error: ConstructorParameters<typeof DoorbusterError>) =>
  refusalReply(new DoorbusterError(...error))!;

it('overload that says when to try again is a reason for a 503, a bug has none', () => {
  const busy = answer('busy', 'Try again');
  expect(explain(finding('not_a_server_error', busy))).toMatch(/journal/);
  expect(explain(finding('not_a_server_error', { ...busy, headers: {} }))).toBeNull();
  expect(explain(finding('not_a_server_error', answer('internal_error', '"code":"busy"')))).toBeNull();
});

it('a rule between two parts of a request is a reason to refuse it, a rule that a schema could state is none', () => {
  const refused = (path: string, message: string) =>
    explain(
      finding(
        'positive_data_acceptance',
        answer('validation_failed', 'The body', { errors: [{ path, message }] }),
      ),
    );
  expect(refused('/endsAt', 'must be later than startsAt')).toMatch(/instants/);
  expect(refused('', 'must have at least 1 properties')).toBeNull();
  expect(refused('/password', 'must be text without U+0000 and lone surrogates')).toBeNull();
});

it('a page of the HTTP machine is a reason for a head that is too large, and for nothing else', () => {
  const page = (status: number) => ({
    ...finding('content_type_conformance', { status, body: null }),
    body: '<h1>Too Large</h1><hr><i>uWebSockets/20 Server</i>',
  });
  expect(explain(page(431))).toMatch(/16 KiB/);
  expect(explain(page(500))).toBeNull();
});

it('an answer that is not as documented has no reason', () => {
  for (const check of ['response_schema_conformance', 'status_code_conformance', 'ignored_auth'])
    expect(explain(finding(check, answer('busy', 'Try again'))), check).toBeNull();
});
