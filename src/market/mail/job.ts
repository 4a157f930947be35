/**
 * Delivers what is queued.
 *
 * 1. A mail that is not taken is tried again after growing pauses, `attemptsMax` times in all (about six hours); then it
 *    is a dead letter, which keeps its text for operators.
 * 2. What a server refuses for good (5xx) is not sent again.
 * 3. A mail may arrive twice when the process dies between its delivery and the note of it: its Message-ID is the same.
 */
import type { Pool } from 'pg';
import { type Database, openDatabase } from '../../persistence/database.ts';
import type { Job } from '../../protocol/job.ts';
import type { Log } from '../../protocol/log.ts';
import { counter, gauge } from '../../protocol/metric.ts';
import { type Delivery, openDelivery } from './delivery.ts';
import { type MailFiles, type MailSettings, mailFiles } from './file-store.ts';
import { countMails, forgetOldMails, noteDelivered, noteFailed, type QueuedMail, takeDue } from './store.ts';

const everyMs = 300;
const atOnceMax = 8;
/** Pauses after each attempt but the last. */
const retrySeconds = [5, 30, 120, 600, 1_800, 7_200, 10_800];
const attemptsMax = retrySeconds.length + 1;
const forgettingEveryMs = 600_000;
const countingEveryMs = 10_000;

interface JobDeps {
  readonly pool: Pool;
  readonly log: Log;
  readonly settings: { readonly mail: MailSettings };
}

/** Registered in features.ts. */
export function createJob({ pool, log, settings }: JobDeps): Job {
  const mailer = new Mailer(
    openDatabase(pool),
    openDelivery(settings.mail),
    mailFiles(settings.mail.folder),
    log,
  );
  return {
    name: 'delivery of mails',
    everyMs,
    round: () => mailer.round(),
    metrics: () => mailer.metrics(),
  };
}

class Mailer {
  readonly #database: Database;
  readonly #delivery: Delivery;
  readonly #files: MailFiles;
  readonly #log: Log;
  readonly #results = { delivered: 0, failed: 0, dead: 0 };
  #counts: Readonly<Record<string, number>> = {};
  #countAtMs = 0;
  #forgetAtMs = 0;

  constructor(database: Database, delivery: Delivery, files: MailFiles, log: Log) {
    this.#database = database;
    this.#delivery = delivery;
    this.#files = files;
    this.#log = log;
  }

  async round(): Promise<void> {
    const { query } = this.#database;
    const due = await takeDue(query, atOnceMax);
    await Promise.all(due.map((mail) => this.#deliver(mail)));
    const nowMs = performance.now();
    if (nowMs >= this.#countAtMs) {
      this.#countAtMs = nowMs + countingEveryMs;
      this.#counts = await countMails(query);
    }
    if (nowMs >= this.#forgetAtMs) {
      this.#forgetAtMs = nowMs + forgettingEveryMs;
      await forgetOldMails(query);
      await this.#files.forgetOld();
    }
  }

  async #deliver(mail: QueuedMail): Promise<void> {
    const { query } = this.#database;
    try {
      await this.#delivery.send(mail);
    } catch (error) {
      const isFinal = isForGood(error) || mail.attempts >= attemptsMax;
      this.#results[isFinal ? 'dead' : 'failed'] += 1;
      const pause = retrySeconds[mail.attempts - 1] ?? retrySeconds.at(-1)!;
      // Neither address nor text: logs are kept longer than mails.
      this.#log('warn', 'a mail was not taken', { mailId: mail.mail_id, isFinal, error: codeOf(error) });
      await noteFailed(query, mail.mail_id, codeOf(error), isFinal ? null : pause);
      return;
    }
    await noteDelivered(query, mail.mail_id);
    this.#results.delivered += 1;
  }

  metrics() {
    const results = Object.entries(this.#results);
    return [
      counter(
        'doorbuster_mails_total',
        'Attempts to deliver a mail',
        results.map(([result, value]) => ({ labels: { result }, value })),
      ),
      gauge(
        'doorbuster_mails_waiting',
        'Mails that are queued, and those that were given up',
        ['queued', 'dead'].map((state) => ({ labels: { state }, value: this.#counts[state] ?? 0 })),
      ),
    ];
  }
}

interface SmtpError {
  readonly code?: string;
  readonly responseCode?: number;
}

function isForGood(error: unknown): boolean {
  return ((error as SmtpError).responseCode ?? 0) >= 500;
}

/** What the server's or the system's code for it is: its text may repeat the address. */
function codeOf(error: unknown): string {
  const { code, responseCode } = error as SmtpError;
  return [code, responseCode].filter(Boolean).join(' ') || 'unknown';
}
