/** Where mails go: to a mail server, or without one into files. nodemailer writes the messages in both cases. */
import { createTransport, type SendMailOptions } from 'nodemailer';
import { type MailSettings, mailFiles } from './file-store.ts';
import { addressHash, type QueuedMail } from './store.ts';

export interface Delivery {
  /** Throws when it was not taken. */
  send(mail: QueuedMail): Promise<void>;
}

const timeoutMs = 10_000;

function messageOf(mail: QueuedMail, from: string): SendMailOptions {
  return {
    from,
    // As an object it is one address, whatever is in it.
    to: { name: '', address: mail.address },
    subject: mail.subject,
    text: mail.body,
    date: mail.created_at,
    messageId: `<${mail.mail_id}@doorbuster>`,
    headers: { 'Auto-Submitted': 'auto-generated' },
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

export function openDelivery({ smtpUrl, folder, from }: MailSettings): Delivery {
  if (smtpUrl === null) return toFiles(folder, from);
  const transport = createTransport({
    ...{ url: smtpUrl, pool: true, maxConnections: 4, maxMessages: 100 },
    ...{ connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: 3 * timeoutMs },
  } as Parameters<typeof createTransport>[0]);
  return {
    async send(mail) {
      await transport.sendMail(messageOf(mail, from));
    },
  };
}

function toFiles(folder: string, from: string): Delivery {
  const files = mailFiles(folder);
  const composer = createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
  return {
    async send(mail) {
      const { message } = await composer.sendMail(messageOf(mail, from));
      const { mail_id: mailId, created_at: at } = mail;
      await files.write({ mailId, at, hash: addressHash(mail.address) }, message as Buffer);
    },
  };
}
