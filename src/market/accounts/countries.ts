/**
 * Countries, and what an address there looks like: whether it has a city and a postal code, and what a code can be.
 * Only formats that are sure are checked; where nothing is known, any text of a line is a code.
 */
const codes =
  'AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA ' +
  'CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA ' +
  'GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP ' +
  'KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS ' +
  'MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS ' +
  'RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW ' +
  'TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW';

/** ISO 3166-1 alpha-2, officially assigned. */
export const countries: readonly string[] = codes.split(' ');

/** An address there is complete without a postal code: the country has none, or hardly anybody uses it. */
const withoutCode = new Set(
  (
    'AE AG AI AO AW BF BI BJ BO BQ BS BW BZ CD CF CG CI CK CM CW DJ DM ER FJ GA GD GH GM GN GQ GY HK IE JM KI KM KN ' +
    'KP LC LY ML MO MR MS MW NR NU PA QA RW SB SC SL SO SR SS ST SX SY TD TG TK TL TO TT TV TZ UG VU WS YE ZW'
  ).split(' '),
);

/** The country is one city, or its addresses name none. */
const withoutCity = new Set('GI HK MC MO NR PN SG TK VA'.split(' '));

const digits = (count: number) => `(?:[A-Z]{1,2}[- ]?)?\\d{${count}}`;
/** The outward half alone is how people often write it. */
const british = '[A-Z]{1,2}\\d[A-Z\\d]?(?: ?\\d[A-Z]{2})?|GIR ?0AA';
const split = (first: number, second: number) => `(?:[A-Z]{1,2}[- ]?)?\\d{${first}}[ -]?\\d{${second}}`;

/** What a code of these countries is, in capitals. */
const formats: readonly (readonly [countries: string, format: string])[] = [
  ['IS FO', digits(3)],
  ['AF AL AM AT AU BD BE BG CH CY DK GE HU LI LU LV MD MK MZ NO NZ PH SI TN ZA', digits(4)],
  [
    'BA CR CU DE DO DZ EE EG ES FI FR GT HR ID IQ IT JO KR KW LK LT MA ME MX MY NP PE RS SN TH TR UA UY ZM',
    digits(5),
  ],
  ['BY CN CO EC KG KZ NG RO RU SG TJ TM', digits(6)],
  ['CZ GR SE SK', split(3, 2)],
  ['IN', split(3, 3)],
  ['PL', split(2, 3)],
  ['BR', split(5, 3)],
  ['CL JP', split(3, 4)],
  ['PT', '(?:PT[- ]?)?\\d{4}(?:[ -]?\\d{3})?'],
  ['NL', '(?:NL[- ]?)?[1-9]\\d{3} ?[A-Z]{2}'],
  ['US PR GU VI AS MP', '\\d{5}(?:[ -]?\\d{4})?'],
  ['CA', '[ABCEGHJ-NPRSTVXY]\\d[ABCEGHJ-NPRSTV-Z][ -]?\\d[ABCEGHJ-NPRSTV-Z]\\d'],
  ['GB GG IM JE', british],
  ['IE', '[A-Z]\\d[\\dW] ?[A-Z\\d]{4}'],
  ['MT', '[A-Z]{3} ?\\d{2,4}'],
  ['AR', '[A-Z]?\\d{4}(?:[A-Z]{3})?'],
  ['IL', '\\d{5}(?:\\d{2})?'],
  ['SA', '\\d{5}(?:[ -]?\\d{4})?'],
  ['TW', '\\d{3}(?:[ -]?\\d{2,3})?'],
  ['MC', '(?:MC[- ]?)?980\\d{2}'],
];
const formatByCountry = new Map(
  formats.flatMap(([countriesOf, format]) =>
    countriesOf.split(' ').map((country) => [country, new RegExp(`^(?:${format})$`)] as const),
  ),
);

interface Place {
  readonly city?: string;
  readonly postalCode?: string;
  readonly country: string;
}

/** What is wrong with an address as a whole, or null. */
export function addressFault({ city, postalCode, country }: Place): { path: string; message: string } | null {
  if (city === undefined && !withoutCity.has(country))
    return { path: '/city', message: `is required in ${country}` };
  if (postalCode === undefined)
    return withoutCode.has(country) ? null : { path: '/postalCode', message: `is required in ${country}` };
  const isPossible = formatByCountry.get(country)?.test(postalCode.trim().toUpperCase()) ?? true;
  return isPossible ? null : { path: '/postalCode', message: `cannot be a postal code of ${country}` };
}
