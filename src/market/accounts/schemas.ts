/** Accounts, sign-ins and addresses on the wire. */
import Type, { type Static } from 'typebox';
import { Closed, Id, Nullable, RoleName } from '../../gateway/schemas.ts';

// ---------------------------------------------------------------- accounts

export const Account = Closed(
  {
    accountId: Id('account'),
    role: RoleName,
    email: Nullable(Type.String()),
    name: Nullable(Type.String()),
    createdAt: Type.String({ format: 'date-time' }),
  },
  { title: 'Account' },
);
export type Account = Static<typeof Account>;

const name = Type.String({ minLength: 1, maxLength: 100 });
const newPassword = Type.String({ minLength: 8, maxLength: 128 });
const password = Type.String({ maxLength: 128 });

export const AccountChange = Closed(
  {
    name: Type.Optional(name),
    password: Type.Optional(newPassword),
    currentPassword: Type.Optional(password),
  },
  { minProperties: 1 },
);
export type AccountChange = Static<typeof AccountChange>;

// ---------------------------------------------------------------- signing in and out

export const NewAccount = Closed({
  email: Type.String({ pattern: '^[^\\s@]+@[^\\s@]+\\.[^\\s@]+$', maxLength: 254 }),
  password: newPassword,
  name,
  role: Type.Enum(['buyer', 'seller']),
});
export type NewAccount = Static<typeof NewAccount>;

export const Credentials = Closed({ email: Type.String({ maxLength: 254 }), password });
export type Credentials = Static<typeof Credentials>;

const accessToken = Type.String();
const expiresIn = Type.Integer({ description: 'Seconds' });

export const Guest = Closed({ accountId: Id('account'), accessToken, expiresIn }, { title: 'Guest' });

export const SignIn = Closed(
  { account: Account, accessToken, refreshToken: Type.String(), expiresIn },
  { title: 'SignIn' },
);
export type SignIn = Static<typeof SignIn>;

const refreshToken = Type.String({ minLength: 1, maxLength: 200 });
export const Refresh = Closed({ refreshToken });
export const SignOut = Closed({ refreshToken: Type.Optional(refreshToken) });

// ---------------------------------------------------------------- addresses

const addressProperties = {
  name,
  line1: Type.String({ minLength: 1, maxLength: 200 }),
  line2: Type.Optional(Type.String({ maxLength: 200 })),
  city: Type.String({ minLength: 1, maxLength: 100 }),
  state: Type.Optional(Type.String({ maxLength: 100 })),
  postalCode: Type.String({ minLength: 1, maxLength: 20 }),
  country: Type.String({ pattern: '^[A-Z]{2}$', description: 'ISO 3166 alpha-2' }),
};

export const Address = Closed(addressProperties, { title: 'Address' });
export type Address = Static<typeof Address>;

export const SavedAddress = Closed(
  { addressId: Id('address'), ...addressProperties },
  { title: 'SavedAddress' },
);
export type SavedAddress = Static<typeof SavedAddress>;

export const AddressChange = Type.Partial(Address, { title: 'AddressChange', additionalProperties: false });
export type AddressChange = Static<typeof AddressChange>;
