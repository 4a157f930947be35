import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectClosedToPages, expectOpenToPrograms } from '../support/strangers.ts';
import { type TestSandbox, testSandbox } from './support.ts';

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await testSandbox();
});
afterAll(() => sandbox.stop());

describe('the control paths', () => {
  it('refuse every path to pages in a browser, and change nothing for them', async () => {
    const requests = [
      { method: 'GET', path: '/_sandbox/totals' },
      { method: 'GET', path: '/_sandbox/payments' },
      { method: 'GET', path: '/_sandbox/faults' },
      { method: 'POST', path: '/_sandbox/faults', body: '{"failRate":1}' },
      { method: 'GET', path: '/_sandbox/nothing' },
    ];
    await expectClosedToPages(sandbox.sandbox.url, requests, 400);
    await expectOpenToPrograms(sandbox.sandbox.url, '/_sandbox/totals');
    expect(await (await fetch(`${sandbox.sandbox.url}/_sandbox/faults`)).json()).toMatchObject({
      failRate: 0,
    });
  });
});
