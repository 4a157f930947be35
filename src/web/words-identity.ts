/** Sentences of what people prove and own: confirming an address, new passwords, other providers, their data. */
export const identityWords = {
  verify: {
    title: 'E-mail confirmed',
    text: 'This address is yours: nobody else can take it.',
    working: 'Confirming your e-mail',
    failed: 'Not confirmed',
    invalid:
      'This link was used already, or it is older than 30 minutes. Have a new one sent from your account.',
    noLink: 'Open this page by the link in the mail that we sent you.',
    toAccount: 'Your account',
    retry: 'Try again',
  },
  reset: {
    title: 'New password',
    ask: 'Say with which address you sign in. A link to choose a new password goes there; it works for 30 minutes.',
    email: 'Email',
    send: 'Send the link',
    sent: (email: string) =>
      `If ${email} has an account, a link is on its way. Nothing there after some minutes? Look in the folder for spam.`,
    choose: 'It ends every session of your account, in every browser.',
    password: 'New password',
    passwordNote: 'At least 8 characters.',
    save: 'Save the new password',
    done: 'Your password is changed. Sign in with it.',
    invalid: 'This link was used already, or it is older than 30 minutes. Have a new one sent here.',
    signIn: 'Sign in',
  },
  signIn: {
    forgot: 'Forgot your password?',
    or: 'Or',
    with: (provider: string) => `Sign in with ${provider}`,
    problems: {
      provider_unavailable: 'The other site does not answer now. Try again, or use your password.',
      access_denied: 'You came back without signing in there.',
      email_not_verified:
        'The other site has not confirmed your e-mail address, so it cannot sign you in here.',
      email_taken: 'The account of this address signs in with its password only.',
      account_suspended: 'This account is suspended. Write to the shop.',
      sign_in_failed: 'Signing in by the other site did not work. Try again, or use your password.',
    } as Readonly<Record<string, string>>,
  },
  proof: {
    proven: 'E-mail confirmed',
    unproven: 'Your e-mail address is not confirmed yet: open the link that we sent you.',
    send: 'Send again',
    sent: 'A new link is on its way. The ones before no longer work.',
  },
  data: {
    title: 'Your data',
    text: 'What we keep of you, as a file, and what happens when you leave.',
    download: 'Download my data',
    making: 'Your file is being made …',
    failed: 'Your file could not be made. Try again.',
    done: 'Your file is in your downloads.',
    delete: 'Delete my account',
    dialogTitle: 'Delete your account?',
    dialogText:
      'Your name, e-mail address, saved addresses, and whoever is signed in, are gone within a minute and cannot be brought back. Orders stay for the sellers’ books, without your name and address.',
    dialogPassword: 'Your password',
    keep: 'Keep it',
    act: 'Delete',
    wrong: 'The password is wrong.',
    stale: 'Sign out, sign in again, and delete it within ten minutes.',
    reasons: {
      running_sales: 'one of your drops is announced or open',
      open_orders: 'an order is on its way, or waits for you',
      last_admin: 'you are the only administrator',
      balance: 'money waits to be paid out to you',
    } as Readonly<Record<string, string>>,
    inUse: (reasons: string) => `It cannot be deleted now: ${reasons}.`,
    gone: 'Your account is deleted.',
  },
} as const;
