/** Accounts, sign-ins and addresses on the wire. */
import Type, { type Static, type StaticDecode } from 'typebox';
import { roles } from '../../gateway/route.ts';
import { Closed, Id, Nullable, Open, pageQuery, RoleName, Timestamp } from '../../gateway/schemas.ts';
import { BlankLine, Line, Opaque } from '../../gateway/texts.ts';
import { countries } from './countries.ts';

// ---------------------------------------------------------------- accounts

export const Account = Open(
  {
    accountId: Id('account'),
    role: Type.Enum(roles, { description: 'The first of `roles`' }),
    roles: Type.Array(RoleName, { description: 'What the account may do, the most powerful first' }),
    email: Nullable(Type.String({ examples: ['ada@example.com'] })),
    emailVerified: Type.Boolean({
      description: 'Somebody opened a link that was sent to the address',
      examples: [true],
    }),
    name: Nullable(Type.String({ examples: ['Ada Lovelace'] })),
    createdAt: Type.String({ format: 'date-time' }),
  },
  { title: 'Account' },
);
export type Account = Static<typeof Account>;

export const Name = Line(100, { examples: ['Ada Lovelace'] });
const newPassword = Opaque({ minLength: 8, maxLength: 128, examples: ['a long password'] });
export const password = Opaque({ maxLength: 128, examples: ['a long password'] });

export const AccountChange = Closed(
  {
    name: Type.Optional(Name),
    password: Type.Optional(newPassword),
    currentPassword: Type.Optional(password),
  },
  { minProperties: 1 },
);
export type AccountChange = Static<typeof AccountChange>;

// ---------------------------------------------------------------- signing in and out

/** Addresses are the same when they differ in the case of ASCII letters only: no other letter is folded. */
export const fold = (email: string) => email.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
const emailCharsMax = 254;

/** An e-mail address whose domain is ASCII; handlers get it folded. */
export const Email = Type.Codec(
  Type.String({
    maxLength: emailCharsMax,
    pattern:
      '^[^\\s@\\u0000-\\u001f\\u007f-\\u009f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff]+@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)+[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$',
    examples: ['ada@example.com'],
    '~must': 'must be an e-mail address with an ASCII domain',
  }),
)
  .Decode(fold)
  .Encode((email) => email);

/** What somebody signs in with: an address that no account can have is an unknown one. */
const emailOfSomebody = Type.Codec(Opaque({ maxLength: emailCharsMax, examples: ['ada@example.com'] }))
  .Decode(fold)
  .Encode((email) => email);

export const NewAccount = Closed({
  email: Email,
  password: newPassword,
  name: Name,
  role: Type.Enum(['buyer', 'seller']),
});
export type NewAccount = StaticDecode<typeof NewAccount>;

export const Credentials = Closed({
  email: emailOfSomebody,
  password,
  guestToken: Type.Optional(
    Opaque({
      maxLength: 4_096,
      description: "A guest's access token: what its cart holds is added to the account's",
    }),
  ),
});
export type Credentials = StaticDecode<typeof Credentials>;

const accessToken = Type.String({ examples: ['eyJhbGciOiJIUzI1NiJ9.…'] });
const expiresIn = Type.Integer({ examples: [900], description: 'Seconds' });

export const Guest = Open(
  { accountId: Id('account'), accessToken, refreshToken: Type.String({ examples: ['ses_…'] }), expiresIn },
  { title: 'Guest' },
);

export const SignIn = Open(
  { account: Account, accessToken, refreshToken: Type.String({ examples: ['ses_…'] }), expiresIn },
  { title: 'SignIn' },
);
export type SignIn = Static<typeof SignIn>;

const refreshToken = Opaque({ minLength: 1, maxLength: 200, examples: ['ses_…'] });
export const Refresh = Closed({ refreshToken });
export const SignOut = Closed({
  refreshToken: Type.Optional(refreshToken),
  everywhere: Type.Optional(
    Type.Boolean({
      description:
        'Every session of the account. The default is `false` with a refresh token and `true` without',
    }),
  ),
});
export type SignOut = Static<typeof SignOut>;

export const Session = Open(
  {
    sessionId: Id('session'),
    createdAt: Timestamp,
    lastSeenAt: Type.String({
      format: 'date-time',
      description: 'Of the session that asks: now; of any other: its latest renewal',
    }),
    address: Nullable(Type.String({ examples: ['198.51.100.7'] })),
    userAgent: Nullable(Type.String({ examples: ['Mozilla/5.0 (X11; Linux x86_64)'] })),
    current: Type.Boolean({ description: 'The one that asks', examples: [true] }),
  },
  { title: 'Session' },
);

export type Session = Static<typeof Session>;

// ---------------------------------------------------------------- links that are mailed

const linkToken = Opaque({ minLength: 1, maxLength: 200, examples: ['kX3…'], description: 'Of the link' });

export const EmailProof = Closed({ token: linkToken });
export const PasswordResetRequest = Closed({ email: emailOfSomebody });
export const PasswordReset = Closed({ token: linkToken, password: newPassword });
export type PasswordReset = Static<typeof PasswordReset>;

// ---------------------------------------------------------------- other providers

export const OidcProviders = Open({
  items: Type.Array(
    Open({
      provider: Type.String({ examples: ['acme'] }),
      name: Type.String({ examples: ['Acme'], description: 'For the button' }),
      startUrl: Type.String({ examples: ['/v1/auth/oidc/acme/start'] }),
    }),
  ),
});
export type OidcProviders = Static<typeof OidcProviders>;

export const OidcStart = Closed({
  returnTo: Type.Optional(
    Opaque({ maxLength: 1_000, description: 'A path of this origin to come back to; `/` for anything else' }),
  ),
});
export const ProviderParam = Type.String({ pattern: '^[a-z][a-z0-9-]{0,30}$', examples: ['acme'] });

/** What providers answer with; each may add to it. */
export const OidcCallback = Open({
  code: Type.Optional(Opaque({ maxLength: 4_000 })),
  state: Type.Optional(Opaque({ maxLength: 500 })),
  error: Type.Optional(Opaque({ maxLength: 500 })),
});

// ---------------------------------------------------------------- administration

const accountStatus = Type.Enum(['active', 'suspended'], {
  description: '`suspended`: it is signed in nowhere, and cannot sign in',
});

/** An account as administrators see it. */
export const ManagedAccount = Open(
  { ...Account.properties, status: accountStatus },
  { title: 'ManagedAccount' },
);
export type ManagedAccount = Static<typeof ManagedAccount>;

export const AccountFilter = Closed({
  q: Type.Optional(
    Opaque({
      minLength: 1,
      maxLength: 100,
      examples: ['ada'],
      description: 'Beginnings of words of the name and the e-mail address, or an id',
    }),
  ),
  role: Type.Optional(RoleName),
  status: Type.Optional(accountStatus),
  ...pageQuery,
});
export type AccountFilter = Static<typeof AccountFilter>;

export const ManagedChange = Closed(
  {
    roles: Type.Optional(
      Type.Array(Type.Enum(['buyer', 'seller', 'operator', 'admin']), {
        minItems: 1,
        maxItems: 4,
        uniqueItems: true,
        description: 'All that the account has from now on',
      }),
    ),
    status: Type.Optional(accountStatus),
    reason: Type.Optional(Line(500, { examples: ['Chargebacks'], description: 'For the audit trail' })),
  },
  { title: 'ManagedChange', minProperties: 1 },
);
export type ManagedChange = Static<typeof ManagedChange>;

// ---------------------------------------------------------------- addresses

/** In a request: ISO 3166-1 alpha-2. */
export const Country = Type.Enum([...countries], {
  examples: ['US'],
  description: 'ISO 3166-1 alpha-2',
  '~must': 'must be an ISO 3166-1 alpha-2 code',
});

/** `countries.ts` says where a city or a postal code may be absent, and what a code can be. */
export const NewAddress = Closed(
  {
    name: Name,
    line1: Line(200, { examples: ['1 Market Street'] }),
    line2: Type.Optional(BlankLine(200)),
    city: Type.Optional(Line(100, { examples: ['Springfield'] })),
    state: Type.Optional(BlankLine(100)),
    postalCode: Type.Optional(Line(20, { examples: ['12345'] })),
    country: Country,
  },
  { title: 'NewAddress' },
);
export type NewAddress = Static<typeof NewAddress>;

const isDefault = Type.Boolean({
  description: 'The one that forms begin with: the first one, or the one that was made it last',
  examples: [true],
});

/** One to be kept. */
export const NewSavedAddress = Closed(
  { ...NewAddress.properties, isDefault: Type.Optional(isDefault) },
  { title: 'NewSavedAddress' },
);
export type NewSavedAddress = Static<typeof NewSavedAddress>;

export const AddressChange = Type.Partial(NewSavedAddress, {
  title: 'AddressChange',
  additionalProperties: false,
});
export type AddressChange = Static<typeof AddressChange>;

const addressProperties = {
  name: Type.String({ examples: ['Ada Lovelace'] }),
  line1: Type.String({ examples: ['1 Market Street'] }),
  line2: Type.Optional(Type.String()),
  city: Type.Optional(Type.String({ examples: ['Springfield'] })),
  state: Type.Optional(Type.String()),
  postalCode: Type.Optional(Type.String({ examples: ['12345'] })),
  country: Type.String({ description: 'ISO 3166-1 alpha-2', examples: ['US'] }),
};

export const Address = Open(addressProperties, { title: 'Address' });

export const SavedAddress = Open(
  { addressId: Id('address'), ...addressProperties, isDefault },
  { title: 'SavedAddress' },
);
export type SavedAddress = Static<typeof SavedAddress>;
