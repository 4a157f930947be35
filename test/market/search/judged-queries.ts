/**
 * What a person wants to see for a query, by key of `judged-catalogue.ts`: 3 is what was meant, 2 would do as well, 1 has
 * to do with it; all others 0.
 */
type Judgement = readonly [query: string, wanted: string, good?: string, related?: string];

const judgements: readonly Judgement[] = [
  // Plain words
  ['headphones', 'hp-stille hp-ora hp-studio hp-kids', 'eb-drop eb-mini de-kopf', 'hp-stand hp-case'],
  ['wireless headphones', 'hp-stille', 'hp-ora eb-drop', 'hp-studio de-kopf'],
  ['bluetooth speaker', 'sp-boom', '', 'sp-shelf'],
  ['kettle', 'kt-dampf kt-gooseneck'],
  ['mechanical keyboard', 'kb-taktil', '', 'kb-slim'],
  ['gaming mouse', 'ms-game', '', 'ms-glide'],
  ['gaming laptop', 'lt-game', '', 'lt-air'],
  ['desk lamp', 'lm-luma', '', 'lm-floor'],
  ['office chair', 'ch-office', '', 'ch-oak'],
  ['dining table', 'tb-oak', '', 'ch-oak'],
  ['oak', 'ch-oak tb-oak', '', 'sp-shelf'],
  ['wool blanket', 'bk-ull', '', 'de-decke bk-fleece'],
  ['running shoes', 'sh-fjell sh-road', '', 'sk-wool'],
  ['rain jacket', 'jk-rain', '', 'jk-down'],
  ['leather boots', 'sh-boot', '', 'sh-care sh-sneak'],
  ['film camera', 'ca-aperta', '', 'ca-strap'],
  ['coffee', 'cm-espresso cm-grinder cm-press cb-beans kt-gooseneck', 'mg-campo mg-set'],
  ['coffee grinder', 'cm-grinder', '', 'de-kaffee'],
  ['espresso machine', 'cm-espresso', '', 'cb-beans'],
  ['chef knife', 'kn-chef', 'kn-set'],
  ['usb-c cable', 'ph-cable', '', 'ph-charger'],
  ['yoga mat', 'ym-mat'],
  ['robot vacuum', 'vc-robo', '', 'vc-stick'],
  ['puzzle', 'ty-puzzle'],
  ['wooden train', 'ty-train'],
  ['game console', 'gc-nimbus', '', 'gc-pad'],
  ['sleeping bag', 'sb-down'],
  ['power bank', 'pb-20'],
  // A brand, a name
  ['fjell', 'sh-fjell sh-road sh-boot jk-rain jk-down', 'de-schuhe fr-chauss'],
  ['nova 12', 'ph-nova ph-novamax', '', 'ph-case'],
  ['nova 12 max', 'ph-novamax', 'ph-nova'],
  ['ora watch', 'wt-ora', '', 'wt-smart'],
  // Inflections
  ['headphone', 'hp-stille hp-ora hp-studio hp-kids hp-stand', 'hp-case eb-drop eb-mini', 'de-kopf'],
  ['lamps', 'lm-luma lm-floor', '', 'es-lampara'],
  ['knives', 'kn-set', 'kn-chef'],
  ['cameras', 'ca-aperta', 'ca-strap', 'ph-nova'],
  ['blankets', 'bk-ull bk-fleece', '', 'de-decke'],
  ['televisions', 'tv-55', 'tv-mount', 'gc-nimbus'],
  // Synonyms
  ['couch', 'sf-couch sf-three', '', 'bk-fleece lm-floor'],
  ['settee', 'sf-couch sf-three'],
  ['tv', 'tv-55', 'tv-mount', 'gc-nimbus'],
  ['notebook', 'lt-air lt-game', '', 'lt-sleeve'],
  ['fridge', 'fr-small', 'de-kuehl'],
  ['cell phone', 'ph-nova ph-novamax ph-pip', '', 'ph-case'],
  ['rucksack', 'bp-trek bp-rute', 'es-mochila'],
  ['bike', 'bi-city bi-helm', 'bi-light'],
  ['hoover', 'vc-robo vc-stick'],
  ['flashlight', 'hl-head'],
  ['trainers', 'sh-sneak'],
  ['pullover', 'sw-knit'],
  ['carpet', 'rg-wool'],
  ['pram', 'pr-city'],
  ['frying pan', 'pn-non pn-iron'],
  ['grey sofa', 'sf-three', '', 'sf-couch'],
  // Typing errors
  ['headpones', 'hp-stille hp-ora hp-studio hp-kids', 'eb-drop eb-mini', 'hp-stand hp-case'],
  ['wireles keybord', 'kb-slim'],
  ['blutooth speaker', 'sp-boom'],
  ['ketle', 'kt-dampf kt-gooseneck'],
  ['expresso machine', 'cm-espresso'],
  ['bycicle', 'bi-city bi-light', 'bi-helm'],
  ['waterprof jacket', 'jk-rain', '', 'jk-down'],
  ['refridgerator', 'fr-small', 'de-kuehl'],
  ['turntabel', 'tt-halm'],
  ['dumbell', 'db-set'],
  ['vaccum cleaner', 'vc-robo', 'vc-stick'],
  // Partial words, words written together and apart
  ['headph', 'hp-stille hp-ora hp-studio hp-kids', 'eb-drop eb-mini', 'hp-stand hp-case'],
  ['smartp', 'ph-nova ph-novamax', '', 'ph-pip ph-case'],
  ['micro', 'mw-20'],
  ['tshirt', 'ts-white ts-print'],
  ['head phones', 'hp-stille hp-ora hp-studio hp-kids', '', 'hp-stand hp-case'],
  ['sunglass', 'gl-sun'],
  ['nonstick pan', 'pn-non', '', 'pn-iron'],
  ['128gb phone', 'ph-nova'],
  // Accents and other languages
  ['kopfhorer', 'de-kopf'],
  ['kuehlschrank', 'de-kuehl', 'fr-small'],
  ['kaffeemaschinen', 'de-kaffee', 'cm-espresso'],
  ['wanderschuh', 'de-schuhe'],
  ['creme brulee', 'fr-creme'],
  ['cafetière', 'fr-cafe', 'cm-press cm-espresso'],
  ['chaussure femme', 'fr-chauss'],
  ['zapato mujer', 'es-zapato'],
  ['lampara', 'es-lampara'],
  ['mochila portatil', 'es-mochila'],
];

export interface JudgedQuery {
  readonly query: string;
  readonly gradeByKey: ReadonlyMap<string, number>;
}

const keys = (text = '') => text.split(' ').filter(Boolean);

export const judgedQueries: readonly JudgedQuery[] = judgements.map(([query, wanted, good, related]) => ({
  query,
  gradeByKey: new Map([
    ...keys(related).map((key) => [key, 1] as const),
    ...keys(good).map((key) => [key, 2] as const),
    ...keys(wanted).map((key) => [key, 3] as const),
  ]),
}));

/** Discounted cumulative gain of the first ten, as a share of the best there could be (Järvelin and Kekäläinen, 2002). */
export function ndcgAt10({ gradeByKey }: JudgedQuery, found: readonly string[]): number {
  const gain = (grades: readonly number[]) =>
    grades.slice(0, 10).reduce((sum, grade, i) => sum + (2 ** grade - 1) / Math.log2(i + 2), 0);
  const best = [...gradeByKey.values()].sort((a, b) => b - a);
  return gain(found.map((key) => gradeByKey.get(key) ?? 0)) / gain(best);
}
