/** Mails on their way: to files, to a real SMTP server that can be made to refuse, and never twice or for ever. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createJob } from '../../../src/market/mail/job.ts';
import {
  addressHash,
  eraseMails,
  forgetOldMails,
  type Mail,
  sendMail,
} from '../../../src/market/mail/store.ts';
import { type Database, openDatabase } from '../../../src/persistence/database.ts';
import { type TestDatabase, testDatabase } from '../../persistence/support.ts';

let stores: TestDatabase;
let database: Database;
let folder: string;
beforeAll(async () => {
  stores = await testDatabase();
  database = openDatabase(stores.pool);
  folder = await mkdtemp(join(tmpdir(), 'doorbuster-mail-'));
});
afterAll(async () => {
  await stores.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  await stores.pool.query('TRUNCATE mails');
});

const from = 'Shop <no-reply@shop.example>';
const stopping = new AbortController().signal;
const jobTo = (smtpUrl: string | null, logged: unknown[] = []) =>
  createJob({
    pool: stores.pool,
    log: (...line) => void logged.push(line),
    settings: { mail: { smtpUrl, folder, from } },
  });
const mail: Mail = {
  to: 'Ada@example.com',
  kind: 'notice',
  subject: 'Hello',
  text: 'A text.\nOf two lines.',
};
const queue = (change: Partial<Mail> = {}) =>
  database.transaction((query) => sendMail(query, { ...mail, ...change }));
const rows = async () =>
  (await stores.pool.query('SELECT *, due_at - now() AS pause FROM mails ORDER BY created_at')).rows;
const makeDue = () => stores.pool.query(`UPDATE mails SET due_at = now() WHERE state = 'queued'`);

/** A mail server on a free port; `refusal`: what it says to each message, null: it takes it. */
async function smtpServer(refusal: () => { code: number; text: string } | null) {
  const messages: { to: string[]; text: string }[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    // The job keeps its connection for the next mail.
    closeTimeout: 50,
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const refused = refusal();
        if (refused) return done(Object.assign(new Error(refused.text), { responseCode: refused.code }));
        const to = session.envelope.rcptTo.map(({ address }) => address);
        messages.push({ to, text: Buffer.concat(chunks).toString() });
        done();
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const { port } = server.server.address() as { port: number };
  return {
    url: `smtp://127.0.0.1:${port}`,
    messages,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

describe('a queued mail', () => {
  test('is written to a file that a mail program reads, and forgotten in the table', async () => {
    await queue();
    expect((await rows())[0]).toMatchObject({ state: 'queued', address: 'Ada@example.com' });
    await jobTo(null).round(stopping);
    const [name, ...others] = await readdir(folder);
    expect(others).toEqual([]);
    expect(name).toMatch(/^\d{14}-[0-9a-f]{32}-[0-9a-f-]{36}\.eml$/);
    const text = await readFile(join(folder, name!), 'utf8');
    const [head, body] = text.split('\r\n\r\n', 2);
    expect(head).toContain('From: Shop <no-reply@shop.example>');
    expect(head).toContain('To: Ada@example.com');
    expect(head).toContain('Subject: Hello');
    expect(head).toMatch(/^Message-ID: <[0-9a-f-]{36}@doorbuster>$/m);
    expect(head).toMatch(/^Date: /m);
    expect(body).toBe('A text.\r\nOf two lines.\r\n'.slice(0, body!.length));
    expect((await rows())[0]).toMatchObject({ state: 'delivered', address: null, subject: null, body: null });
    await jobTo(null).round(stopping);
    expect(await readdir(folder)).toEqual([name]);
    await rm(join(folder, name!));
  });

  test('is not sent when its transaction is not committed', async () => {
    const failing = database.transaction(async (query) => {
      await sendMail(query, mail);
      throw new Error('the rest failed');
    });
    await expect(failing).rejects.toThrow('the rest failed');
    expect(await rows()).toEqual([]);
  });

  test('goes to the mail server where there is one', async () => {
    const smtp = await smtpServer(() => null);
    await queue();
    await jobTo(smtp.url).round(stopping);
    expect(smtp.messages).toMatchObject([{ to: ['Ada@example.com'] }]);
    expect(smtp.messages[0]!.text).toContain('Auto-Submitted: auto-generated');
    expect(await readdir(folder)).toEqual([]);
    expect((await rows())[0]!.state).toBe('delivered');
    await smtp.close();
  });

  test('has no header but its own, whatever its subject and address try', async () => {
    const smtp = await smtpServer(() => null);
    const attack = 'Hello\r\nBcc: eve@example.com\r\n\r\nBuy this';
    await queue({ subject: attack });
    await queue({ to: 'ada@example.com\r\nCc: eve@example.com', kind: 'verification' });
    await jobTo(smtp.url).round(stopping);
    expect(smtp.messages.length).toBeGreaterThan(0);
    for (const { to, text } of smtp.messages) {
      expect(to).not.toContain('eve@example.com');
      expect(text.split('\r\n\r\n', 1)[0]).not.toMatch(/^(?:B?cc):/im);
    }
    await smtp.close();
  });
});

describe('a mail that is not taken', () => {
  test('is tried again after growing pauses, and then is a dead letter that keeps its text', async () => {
    const smtp = await smtpServer(() => ({ code: 451, text: 'Later, ada@example.com' }));
    const logged: unknown[] = [];
    const job = jobTo(smtp.url, logged);
    await queue();
    const pauses: number[] = [];
    for (let attempt = 1; attempt <= 8; attempt++) {
      await job.round(stopping);
      const [row] = await rows();
      expect(row).toMatchObject({ attempts: attempt, error: expect.stringContaining('451') });
      expect(row.state).toBe(attempt < 8 ? 'queued' : 'dead');
      pauses.push(
        Math.round((row.pause.hours ?? 0) * 3600 + (row.pause.minutes ?? 0) * 60 + (row.pause.seconds ?? 0)),
      );
      await job.round(stopping);
      await makeDue();
    }
    expect(pauses.slice(0, 7)).toEqual(pauses.slice(0, 7).toSorted((a, b) => a - b));
    expect((await rows())[0]).toMatchObject({ attempts: 8, body: mail.text });
    // Logs are kept longer than mails.
    expect(JSON.stringify(logged)).not.toContain('ada@example.com');
    await smtp.close();
  });

  test('arrives when the server is back', async () => {
    let isAway = true;
    const smtp = await smtpServer(() => (isAway ? { code: 421, text: 'Away' } : null));
    const job = jobTo(smtp.url);
    await queue();
    await job.round(stopping);
    expect(smtp.messages).toEqual([]);
    isAway = false;
    await makeDue();
    await job.round(stopping);
    expect(smtp.messages).toHaveLength(1);
    await smtp.close();
  });

  test('is given up at once when the server refuses it for good', async () => {
    const smtp = await smtpServer(() => ({ code: 550, text: 'No such user' }));
    await queue();
    await jobTo(smtp.url).round(stopping);
    expect((await rows())[0]).toMatchObject({ state: 'dead', attempts: 1 });
    await smtp.close();
  });
});

describe('an address', () => {
  test('gets five mails of a kind in an hour, however it is written', async () => {
    for (let n = 0; n < 7; n++) await queue({ to: n % 2 ? 'ADA@example.com' : 'ada@Example.com' });
    await queue({ kind: 'verification' });
    await queue({ to: 'bob@example.com' });
    expect((await rows()).map(({ kind }) => kind).toSorted()).toEqual([
      ...Array(6).fill('notice'),
      'verification',
    ]);
    await stores.pool.query(`UPDATE mails SET created_at = created_at - interval '61 minutes'`);
    await queue();
    expect(await rows()).toHaveLength(8);
  });

  test('asked for seven times at once gets five', async () => {
    await Promise.all(Array.from({ length: 7 }, () => queue()));
    expect(await rows()).toHaveLength(5);
  });

  test('that is erased leaves no mail behind', async () => {
    await queue();
    await queue({ to: 'bob@example.com' });
    await eraseMails(database.query, addressHash('ADA@example.com'));
    expect((await rows()).map(({ address }) => address)).toEqual(['bob@example.com']);
  });
});

test('what counts no more is forgotten', async () => {
  await queue();
  await jobTo(null).round(stopping);
  await stores.pool.query(`UPDATE mails SET created_at = created_at - interval '61 minutes'`);
  await forgetOldMails(database.query);
  expect(await rows()).toEqual([]);
  for (const name of await readdir(folder)) await rm(join(folder, name));
});
