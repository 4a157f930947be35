/** Sellers on the wire. */
import Type, { type Static } from 'typebox';
import { Closed, Id, Nullable, Open, pageQuery, Rarely, Timestamp } from '../../gateway/schemas.ts';
import { Line, Opaque } from '../../gateway/texts.ts';
import { NewAddress } from '../accounts/schemas.ts';

export const SellerApplication = Closed(
  {
    legalName: Line(200, { examples: ['Quist Shoes GmbH'] }),
    country: NewAddress.properties.country,
    payoutReference: Line(200, {
      examples: ['acct_1OfXyz'],
      description:
        "The payment provider's name of the account that is paid to; never the number of an account or card",
    }),
  },
  { title: 'SellerApplication' },
);
export type SellerApplication = Static<typeof SellerApplication>;

export const Seller = Open(
  {
    sellerId: Id('account'),
    name: Nullable(Type.String({ examples: ['Mara Quist'] })),
    email: Nullable(Type.String({ examples: ['mara@example.com'] })),
    status: Type.Enum(['active', 'suspended'], {
      description: '`suspended`: products are hidden, sales have ended, and writes are refused',
    }),
    verified: Type.Boolean({ description: 'What payouts need', examples: [true] }),
    verifiedAt: Nullable(Timestamp),
    application: Nullable(
      Open({
        legalName: Type.String({ examples: ['Quist Shoes GmbH'] }),
        country: Type.String({ examples: ['DE'] }),
        payoutReference: Type.String({ examples: ['acct_1OfXyz'] }),
        appliedAt: Timestamp,
      }),
    ),
    suspension: Rarely(Open({ reason: Type.String({ examples: ['Counterfeits'] }), at: Timestamp })),
    createdAt: Timestamp,
  },
  { title: 'Seller' },
);
export type Seller = Static<typeof Seller>;

export const SellerFilter = Closed({
  q: Type.Optional(
    Opaque({
      minLength: 1,
      maxLength: 100,
      examples: ['mara'],
      description: 'Beginnings of words of the name and the e-mail address, or an id',
    }),
  ),
  state: Type.Optional(
    Type.Enum(['applied', 'verified', 'suspended'], { description: '`applied`: waits for being verified' }),
  ),
  ...pageQuery,
});
export type SellerFilter = Static<typeof SellerFilter>;

const reason = Line(500, { examples: ['Counterfeits'], description: 'For the audit trail' });
export const Reason = Closed({ reason });
export const OptionalReason = Closed({ reason: Type.Optional(reason) });
