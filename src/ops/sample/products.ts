/** The products of the sample shop. Each picture is a file of `pictures/`, drawn for this shop. */

const price = (amount: number) => ({ amount, currency: 'USD' });

/** One variant a value of the option: its SKU ends with the value. */
function variantsBy(option: string, values: readonly string[], sku: string, amount: number, stock: number) {
  return values.map((value) => ({
    sku: `${sku}-${value.toUpperCase().replaceAll(' ', '-')}`,
    options: { [option]: value },
    price: price(amount),
    stock,
  }));
}

const only = (sku: string, amount: number, stock: number) => [
  { sku, options: {}, price: price(amount), stock },
];

export interface SampleProduct {
  readonly picture: string;
  readonly title: string;
  readonly description: string;
  readonly brand: string;
  readonly category: string;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly variants: readonly {
    readonly sku: string;
    readonly options: Readonly<Record<string, string>>;
    readonly price: { readonly amount: number; readonly currency: string };
    readonly stock: number;
  }[];
}

/** What the drops sell has stock for many of them: each sets its own units aside. */
export const sampleProducts: readonly SampleProduct[] = [
  {
    picture: 'nimbus-handheld',
    title: 'Nimbus handheld console',
    description:
      'A handheld console in a numbered first edition: seven-inch screen, two sticks, ten hours on one charge.\nOne per person.',
    brand: 'Nimbus',
    category: 'Electronics > Consoles',
    attributes: { edition: 'launch', 'battery hours': 10, weight: '420 g' },
    variants: only('NIMBUS-1', 49_900, 20_000),
  },
  {
    picture: 'aperta-35',
    title: 'Aperta 35 film camera',
    description:
      'A rangefinder for 35 mm film, rebuilt by hand from the drawings of 1968. The second run has 200 of them.',
    brand: 'Aperta',
    category: 'Electronics > Cameras',
    attributes: { film: '35 mm', lens: '40 mm, f/2', shutter: '1 s to 1/500 s' },
    variants: only('APERTA-35', 64_000, 10_000),
  },
  {
    picture: 'halm-turntable',
    title: 'Halm turntable',
    description: 'Belt drive, a platter of 2 kg, and a plinth of one piece of walnut, so no two are alike.',
    brand: 'Halm',
    category: 'Electronics > Audio',
    attributes: { speeds: '33, 45', plinth: 'walnut', weight: '7.4 kg' },
    variants: only('HALM-WALNUT', 38_000, 10_000),
  },
  {
    picture: 'fjell-trail-shoe',
    title: 'Fjell trail running shoe',
    description: 'Light, grippy, made for mud.',
    brand: 'Fjell',
    category: 'Sports > Shoes',
    attributes: { drop: '6 mm', weight: '268 g' },
    variants: variantsBy('size', ['41', '42', '43', '44', '45'], 'FJELL', 12_900, 40),
  },
  {
    picture: 'campo-mug',
    title: 'Campo enamel mug',
    description: 'Survives what your kitchen does not.',
    brand: 'Campo',
    category: 'Home > Kitchen',
    attributes: { holds: '0.35 l', dishwasher: 'yes' },
    variants: variantsBy('colour', ['blue', 'cream', 'brick'], 'CAMPO-MUG', 1_450, 500),
  },
  {
    picture: 'dampf-kettle',
    title: 'Dampf gooseneck kettle',
    description: 'Pours a thin, steady stream, for those who make one cup at a time and mean it.',
    brand: 'Dampf',
    category: 'Home > Kitchen',
    attributes: { holds: '0.9 l', power: '1,200 W' },
    variants: only('DAMPF-KETTLE', 8_900, 120),
  },
  {
    picture: 'ull-blanket',
    title: 'Ull wool blanket',
    description: 'Woven from the wool of three farms. Heavy enough for February, light enough for the sofa.',
    brand: 'Ull',
    category: 'Home > Living',
    attributes: { wool: '100 %', size: '130 x 200 cm' },
    variants: variantsBy('colour', ['slate', 'natural', 'heather'], 'ULL', 11_500, 80),
  },
  {
    picture: 'luma-lamp',
    title: 'Luma desk lamp',
    description: 'Two brass joints, one warm light. It stays where you put it.',
    brand: 'Luma',
    category: 'Home > Living',
    attributes: { light: '2,700 K', power: '8 W' },
    variants: variantsBy('colour', ['green', 'black'], 'LUMA', 9_800, 60),
  },
  {
    picture: 'taktil-75',
    title: 'Taktil 75 keyboard',
    description: 'A mechanical keyboard with 75 keys and switches that can be exchanged without soldering.',
    brand: 'Taktil',
    category: 'Electronics > Computers',
    attributes: { keys: 75, connection: 'USB-C' },
    variants: variantsBy('switches', ['linear', 'tactile', 'silent'], 'TAKTIL-75', 15_900, 90),
  },
  {
    picture: 'stille-headphones',
    title: 'Stille headphones',
    description:
      'Closed headphones with cushions of real leather and every part replaceable with one screwdriver.',
    brand: 'Stille',
    category: 'Electronics > Audio',
    attributes: { connection: '3.5 mm, USB-C', weight: '240 g' },
    variants: only('STILLE-1', 22_900, 150),
  },
  {
    picture: 'rute-backpack',
    title: 'Rute backpack, 22 l',
    description: 'Waxed cotton, a padded sleeve for a laptop, and a pocket that you find without looking.',
    brand: 'Rute',
    category: 'Sports > Bags',
    attributes: { holds: '22 l', weight: '980 g' },
    variants: variantsBy('colour', ['petrol', 'sand'], 'RUTE-22', 13_500, 70),
  },
  {
    picture: 'ora-watch',
    title: 'Ora field watch',
    description: 'Thirty-eight millimetres, wound by hand, read at a glance.',
    brand: 'Ora',
    category: 'Accessories > Watches',
    attributes: { case: '38 mm, steel', strap: 'leather', water: '5 bar' },
    variants: only('ORA-38', 29_500, 45),
  },
];
