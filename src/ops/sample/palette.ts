/**
 * Other colours for the pictures of the sample shop: each drawing has a few colours that make it what it is, and a palette
 * puts others in their place. `campo-mug--brick` is the drawing `campo-mug` in the palette `brick`.
 */
interface Palette {
  readonly main: string;
  readonly dark: string;
  readonly light: string;
  readonly ground: string;
}

const palettes: Readonly<Record<string, Palette>> = {
  ember: { main: '#c2512f', dark: '#9c3d22', light: '#e58a5c', ground: '#e9cdb9' },
  brick: { main: '#a8432c', dark: '#7d2f1e', light: '#c96a50', ground: '#efdfa8' },
  lake: { main: '#2c6f8f', dark: '#1e4f68', light: '#6fa8c2', ground: '#cbdce6' },
  petrol: { main: '#2a5c66', dark: '#1c4149', light: '#5f929c', ground: '#c9e0d4' },
  moss: { main: '#5f7a45', dark: '#435a2e', light: '#93a97b', ground: '#d3dcc4' },
  straw: { main: '#c98f2d', dark: '#9a6a1b', light: '#e3b768', ground: '#efdfa8' },
  rose: { main: '#b5606a', dark: '#8f4450', light: '#d793a0', ground: '#ecc9c4' },
  slate: { main: '#565b6e', dark: '#3d4150', light: '#8489a0', ground: '#c9cdd6' },
  sand: { main: '#b99e73', dark: '#8f7750', light: '#d8c4a0', ground: '#ddd8cc' },
  cream: { main: '#e6dcc3', dark: '#c9bb98', light: '#f4ecd8', ground: '#cbdce6' },
  ink: { main: '#2e3038', dark: '#1d1e24', light: '#5a5d69', ground: '#ddd8cc' },
};

type Role = keyof Palette;

/** Which colours of a drawing stand for what. */
const rolesByDrawing: Readonly<Record<string, Readonly<Record<string, Role>>>> = {
  'aperta-35': { '#2d2a29': 'dark', '#3a3635': 'main', '#6b4630': 'light', '#e9cdb9': 'ground' },
  'campo-mug': {
    ...{ '#4d8db1': 'main', '#3b7699': 'dark', '#2c5b78': 'dark', '#1e4159': 'dark' },
    '#efdfa8': 'ground',
  },
  'dampf-kettle': { '#383a45': 'main', '#26272e': 'dark', '#3d4150': 'light', '#d3dcc4': 'ground' },
  'fjell-trail-shoe': { '#c2512f': 'main', '#9c3d22': 'dark', '#e58a5c': 'light', '#d3dcc4': 'ground' },
  'halm-turntable': { '#a8733f': 'main', '#94622f': 'dark', '#c08a52': 'light', '#c9cdd6': 'ground' },
  'luma-lamp': { '#1f6f43': 'main', '#185936': 'dark', '#ddd8cc': 'ground' },
  'nimbus-handheld': { '#565b6e': 'main', '#2b2e3a': 'dark', '#6a7086': 'light', '#cbdce6': 'ground' },
  'ora-watch': { '#7d5640': 'main', '#6b4630': 'dark', '#3a251a': 'dark', '#cbdce6': 'ground' },
  'rute-backpack': {
    ...{ '#3c5f73': 'main', '#335468': 'main', '#47708a': 'light' },
    ...{ '#2a4453': 'dark', '#223845': 'dark', '#efdfa8': 'ground' },
  },
  'stille-headphones': {
    ...{ '#3d4150': 'main', '#2b2e3a': 'dark', '#565b6e': 'light' },
    '#c9cdd6': 'ground',
  },
  'taktil-75': { '#7f95a8': 'main', '#5f7385': 'dark', '#c9e0d4': 'ground' },
  'ull-blanket': { '#7d3f4a': 'dark', '#8f4c57': 'main', '#ecc9c4': 'ground' },
};

/** The drawing of a picture, and its palette; null: as it was drawn. */
export function drawingOf(picture: string): { readonly drawing: string; readonly palette: string | null } {
  const [drawing = '', palette = null] = picture.split('--');
  return { drawing, palette };
}

/** The drawing, an SVG, in this palette. */
export function painted(svg: string, drawing: string, palette: string): string {
  const roles = rolesByDrawing[drawing] ?? {};
  return svg.replace(/#[0-9a-f]{6}/g, (colour) => palettes[palette]?.[roles[colour]!] ?? colour);
}
