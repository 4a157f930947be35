/**
 * The products of the sample shop: those that its drops sell first. Each picture is a drawing of `pictures/`, made for this
 * shop, some of them in another palette.
 */
import { by, only, type SampleProduct } from './product.ts';
import { electronicsProducts } from './products-electronics.ts';
import { homeProducts } from './products-home.ts';
import { sportsProducts } from './products-sports.ts';

/** What the drops sell has stock for many of them: each sets its own units aside. */
export const sampleProducts: readonly SampleProduct[] = [
  {
    pictures: ['nimbus-handheld'],
    title: 'Nimbus handheld console',
    description:
      'A handheld console in a numbered first edition: seven-inch screen, two sticks, ten hours on one charge.\nOne per person.',
    brand: 'Nimbus',
    category: 'Electronics > Consoles',
    tags: ['handheld', 'gaming', 'launch'],
    attributes: { edition: 'launch', 'battery hours': 10, weight: '420 g' },
    variants: only('NIMBUS-1', { amount: 49_900 }, 20_000),
  },
  {
    pictures: ['aperta-35'],
    title: 'Aperta 35 film camera',
    description:
      'A rangefinder for 35 mm film, rebuilt by hand from the drawings of 1968. The second run has 200 of them.',
    brand: 'Aperta',
    category: 'Electronics > Cameras',
    tags: ['film', 'rangefinder', 'analogue'],
    attributes: { film: '35 mm', lens: '40 mm, f/2', shutter: '1 s to 1/500 s' },
    variants: only('APERTA-35', { amount: 64_000 }, 10_000),
  },
  {
    pictures: ['halm-turntable'],
    title: 'Halm turntable',
    description: 'Belt drive, a platter of 2 kg, and a plinth of one piece of walnut, so no two are alike.',
    brand: 'Halm',
    category: 'Electronics > Audio',
    tags: ['vinyl', 'record player', 'hi-fi'],
    attributes: { speeds: '33, 45', plinth: 'walnut', weight: '7.4 kg' },
    variants: only('HALM-WALNUT', { amount: 38_000 }, 10_000),
  },
  {
    pictures: ['fjell-trail-shoe', 'fjell-trail-shoe--lake', 'fjell-trail-shoe--moss'],
    title: 'Fjell trail running shoe',
    description:
      'Light, grippy, made for mud. Six-millimetre lugs shed what they pick up; the upper dries overnight by a stove.',
    brand: 'Fjell',
    category: 'Sports > Shoes',
    tags: ['trail', 'running', 'mud'],
    attributes: { drop: '6 mm', weight: '268 g', upper: 'recycled ripstop' },
    variants: by('size', ['41', '42', '43', '44', '45'], 'FJELL', { amount: 12_900 }, [40, 4, 40, 0, 12]),
  },
  {
    pictures: ['campo-mug', 'campo-mug--cream', 'campo-mug--brick'],
    title: 'Campo enamel mug',
    description: 'Survives what your kitchen does not.',
    brand: 'Campo',
    category: 'Home > Kitchen',
    tags: ['camping', 'coffee', 'enamel'],
    attributes: { holds: '0.35 l', dishwasher: 'yes' },
    variants: by('colour', ['blue', 'cream', 'brick'], 'CAMPO-MUG', { amount: 1_450 }, 500),
  },
  {
    pictures: ['dampf-kettle'],
    title: 'Dampf gooseneck kettle',
    description: 'Pours a thin, steady stream, for those who make one cup at a time and mean it.',
    brand: 'Dampf',
    category: 'Home > Kitchen',
    tags: ['coffee', 'tea', 'electric'],
    attributes: { holds: '0.9 l', power: '1,200 W' },
    variants: only('DAMPF-KETTLE', { amount: 8_900 }, 120),
  },
  {
    pictures: ['ull-blanket--slate', 'ull-blanket--sand', 'ull-blanket'],
    title: 'Ull wool blanket',
    description: 'Woven from the wool of three farms. Heavy enough for February, light enough for the sofa.',
    brand: 'Ull',
    category: 'Home > Living',
    tags: ['wool', 'throw', 'winter'],
    attributes: { wool: '100 %', size: '130 x 200 cm' },
    variants: by('colour', ['slate', 'natural', 'heather'], 'ULL', { amount: 11_500 }, 80),
  },
  {
    pictures: ['luma-lamp', 'luma-lamp--ink'],
    title: 'Luma desk lamp',
    description: 'Two brass joints, one warm light. It stays where you put it.',
    brand: 'Luma',
    category: 'Home > Living',
    tags: ['light', 'desk', 'brass'],
    attributes: { light: '2,700 K', power: '8 W' },
    variants: by('colour', ['green', 'black'], 'LUMA', { amount: 9_800 }, 60),
  },
  {
    pictures: ['taktil-75'],
    title: 'Taktil 75 keyboard',
    description: 'A mechanical keyboard with 75 keys and switches that can be exchanged without soldering.',
    brand: 'Taktil',
    category: 'Electronics > Computers',
    tags: ['mechanical', 'typing', 'hot-swap'],
    attributes: { keys: 75, connection: 'USB-C' },
    variants: by('switches', ['linear', 'tactile', 'silent'], 'TAKTIL-75', { amount: 15_900 }, 90),
  },
  {
    pictures: ['stille-headphones'],
    title: 'Stille headphones',
    description:
      'Closed headphones with cushions of real leather and every part replaceable with one screwdriver.',
    brand: 'Stille',
    category: 'Electronics > Audio',
    tags: ['over-ear', 'closed', 'repairable'],
    attributes: { connection: '3.5 mm, USB-C', weight: '240 g' },
    variants: only('STILLE-1', { amount: 22_900 }, 150),
  },
  {
    pictures: ['rute-backpack', 'rute-backpack--sand'],
    title: 'Rute backpack, 22 l',
    description: 'Waxed cotton, a padded sleeve for a laptop, and a pocket that you find without looking.',
    brand: 'Rute',
    category: 'Sports > Bags',
    tags: ['waxed cotton', 'laptop', 'everyday'],
    attributes: { holds: '22 l', weight: '980 g' },
    variants: by('colour', ['petrol', 'sand'], 'RUTE-22', { amount: 13_500 }, 70),
  },
  {
    pictures: ['ora-watch'],
    title: 'Ora field watch',
    description: 'Thirty-eight millimetres, wound by hand, read at a glance.',
    brand: 'Ora',
    category: 'Accessories > Watches',
    tags: ['mechanical', 'field', 'leather'],
    attributes: { case: '38 mm, steel', strap: 'leather', water: '5 bar' },
    variants: only('ORA-38', { amount: 29_500 }, 45),
  },
  ...interleaved(electronicsProducts, sportsProducts, homeProducts),
];

/** One of each in turn, so that a shop that is looked through from the newest on shows all kinds. */
function interleaved(...lists: readonly (readonly SampleProduct[])[]): SampleProduct[] {
  const longest = Math.max(...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, i) => lists.flatMap((list) => list[i] ?? [])).flat();
}
