/**
 * A client that knows only `/openapi.json`: it asks by operation, holds every answer against the document, and
 * remembers which of the documented successes it has seen.
 */
import { expect } from 'vitest';
import { type Contract, loadContract } from '../gateway/contract.ts';
import { type Answered, asked, type CallOptions, call, type Place, unlessBusy } from './shop.ts';

export interface Question extends CallOptions {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: string;
}

export interface DocumentedClient {
  readonly contract: Contract;
  /** Asks, and fails unless the answer has this status, is documented, fits its schema, and is a problem if refused. */
  ask(operationId: string, status: number, question?: Question): Promise<Answered>;
  /** The same for a refusal: its code as well. */
  refused(operationId: string, status: number, code: string, question?: Question): Promise<Answered>;
  /** Documented successes, as `operationId status`, that no answer has shown yet. */
  unseen(): string[];
}

export async function documentedClient(place: Place): Promise<DocumentedClient> {
  const contract = await loadContract(place.url);
  const targets = new Map(contract.operations);
  const seen = new Set<string>();

  async function ask(operationId: string, status: number, question: Question = {}): Promise<Answered> {
    const template = targets.get(operationId);
    if (!template) throw new Error(`the contract knows no ${operationId}`);
    const target = template.replace(/\{(\w+)\}/g, (_, name: string) => question.path![name]!);
    const whole = target + (question.query ? `?${question.query}` : '');
    const plain = () => call(place, whole, question);
    const answer = await (status < 400
      ? asked(place, whole, question)
      : status === 503
        ? plain()
        : unlessBusy(plain));
    expect(`${answer.status} ${JSON.stringify(answer.body)}`).toMatch(new RegExp(`^${status} `));
    contract.expectAnswer(operationId, answer.status, answer.body);
    expect(answer.headers.get('x-request-id')).toMatch(/^[\w.-]+$/);
    if (status >= 400) expectProblem(answer);
    seen.add(`${operationId} ${status}`);
    return answer;
  }

  return {
    contract,
    ask,
    async refused(operationId, status, code, question) {
      const answer = await ask(operationId, status, question);
      expect(answer.body.code).toBe(code);
      return answer;
    },
    unseen: () =>
      Object.values(contract.document.paths)
        .flatMap((methods) => Object.values(methods))
        // An alias has the handler and the schemas of another operation (test/market/aliases).
        .filter(({ deprecated }) => !deprecated)
        .flatMap(({ operationId, responses }) =>
          Object.keys(responses)
            .filter((status) => /^2\d\d$/.test(status))
            .map((status) => `${operationId} ${status}`),
        )
        .filter((name) => !seen.has(name)),
  };
}

/** RFC 9457, as the contract's Conventions have it. */
export function expectProblem(answer: Answered): void {
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  const { type, title, status, detail, code } = answer.body;
  expect(type).toBe(`urn:doorbuster:problem:${code}`);
  expect(code).toMatch(/^[a-z]+(?:_[a-z]+)*$/);
  expect(status).toBe(answer.status);
  for (const text of [title, detail]) expect(text).toMatch(/\S/);
}
