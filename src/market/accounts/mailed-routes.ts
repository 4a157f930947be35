/** What is done by a link that was mailed: confirming an address, choosing a new password. */
import { type AnyRequest, type Route, reply, route, type Services } from '../../gateway/route.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { proofsOf } from './proof-store.ts';
import { EmailProof, PasswordReset, PasswordResetRequest } from './schemas.ts';

/** Links that are refused count with the tokens that an address tries: `rate_limited` beyond. */
async function countingRefused<Result>(
  { limits }: Services,
  client: AnyRequest['client'],
  used: Promise<Result>,
): Promise<Result> {
  try {
    return await used;
  } catch (error) {
    if (error instanceof DoorbusterError && error.code === 'link_invalid') limits.refused.take(client);
    throw error;
  }
}

const verifyEmail = route({
  method: 'POST',
  path: '/v1/auth/verify-email',
  operationId: 'verifyEmail',
  summary: 'Confirm an e-mail address by the link that was sent to it; it works once, for 30 minutes',
  tag: 'Accounts',
  who: 'anybody',
  isConfidential: true,
  body: EmailProof,
  replies: { 204: { description: 'Confirmed' } },
  refusals: ['link_invalid', 'rate_limited'],
  async handle({ services, client, body }) {
    await countingRefused(services, client, proofsOf(services).verifyEmail(body.token));
    return reply(204);
  },
});

const sendVerification = route({
  method: 'POST',
  path: '/v1/me/verification',
  operationId: 'sendVerification',
  summary: 'Have the link sent again; those before end. At most five an hour are sent',
  tag: 'Accounts',
  who: 'signed-in',
  replies: { 202: { description: 'On its way, unless the address is confirmed already' } },
  refusals: ['wrong_state', 'rate_limited'],
  async handle({ services, identity, client }) {
    services.limits.guests.take(client);
    await proofsOf(services).sendVerification(identity.accountId);
    return reply(202);
  },
});

const requestReset = route({
  method: 'POST',
  path: '/v1/auth/password-reset',
  operationId: 'requestPasswordReset',
  summary: 'Have a link sent by which a new password is chosen; the answer is the same for every address',
  tag: 'Accounts',
  who: 'anybody',
  isConfidential: true,
  body: PasswordResetRequest,
  replies: { 202: { description: 'On its way, if the address has an account' } },
  refusals: ['rate_limited'],
  async handle({ services, client, body }) {
    // As many mails as accounts: both are something that an address makes us do for others.
    services.limits.guests.take(client);
    await proofsOf(services).requestReset(body.email);
    return reply(202);
  },
});

const confirmReset = route({
  method: 'POST',
  path: '/v1/auth/password-reset/confirm',
  operationId: 'resetPassword',
  summary: 'Choose a new password by the link; every session ends. It works once, for 30 minutes',
  tag: 'Accounts',
  who: 'anybody',
  isConfidential: true,
  body: PasswordReset,
  replies: { 204: { description: 'Changed' } },
  refusals: ['link_invalid', 'rate_limited'],
  async handle({ services, client, body }) {
    await countingRefused(services, client, proofsOf(services).resetPassword(body));
    return reply(204);
  },
});

export const mailedRoutes: readonly Route[] = [verifyEmail, sendVerification, requestReset, confirmReset];
