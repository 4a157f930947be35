/** Pictures of runs as SVG: plain text, no library, readable on light and on dark pages because they bring their ground. */
import { type ArmRun, seriesOf } from '../measure.ts';

const colours = [
  '#2a6fb0',
  '#d9822b',
  '#3a9d5d',
  '#9a4fb5',
  '#b03a48',
  '#6b7280',
  '#c2a83e',
  '#4aa3a2',
  '#8c6d46',
  '#333333',
];
const width = 860;
const barHeight = 18;
const rowHeight = 26;
const labelWidth = 150;
const valueWidth = 90;
const top = 64;

interface Part {
  readonly name: string;
  readonly value: number;
}

interface Row {
  readonly label: string;
  readonly parts: readonly Part[];
}

/** Requests a second, a bar an arm and number of connections. */
export function ratePicture(title: string, runs: readonly ArmRun[]): string {
  const arms = [...new Set(runs.map(({ arm }) => arm))];
  const rows = groupsOf(runs).map(({ arm, connections, of }) => ({
    label: `${connections} ${arm}`,
    parts: [
      {
        name: arm,
        value: seriesOf(
          '',
          '',
          of.map(({ perSecond }) => perSecond),
        ).median,
      },
    ],
  }));
  return picture(title, 'requests a second, medians', rows, arms, (value) =>
    Math.round(value).toLocaleString('en-US'),
  );
}

/** Processor time a request, a bar an arm and number of connections, a colour a thread. */
export function costPicture(title: string, runs: readonly ArmRun[]): string {
  const rows = groupsOf(runs).map(({ arm, connections, of }) => {
    const names = [...new Set(of.flatMap(({ us }) => Object.keys(us)))];
    const parts = names.map((name) => ({
      name,
      value: seriesOf(
        '',
        '',
        of.map(({ us }) => us[name] ?? 0),
      ).median,
    }));
    return { label: `${connections} ${arm}`, parts };
  });
  const sums = new Map<string, number>();
  for (const { parts } of rows)
    for (const { name, value } of parts) sums.set(name, (sums.get(name) ?? 0) + value);
  const names = [...sums].sort((a, b) => b[1] - a[1]).map(([name]) => name);
  return picture(title, 'processor time a request by thread and process, in us', rows, names, (value) =>
    value.toFixed(1),
  );
}

function groupsOf(runs: readonly ArmRun[]) {
  const counts = [...new Set(runs.map(({ connections }) => connections))].sort((a, b) => a - b);
  const arms = [...new Set(runs.map(({ arm }) => arm))];
  return counts.flatMap((connections) =>
    arms
      .map((arm) => ({
        ...{ arm, connections },
        of: runs.filter((run) => run.arm === arm && run.connections === connections),
      }))
      .filter(({ of }) => of.length > 0),
  );
}

function picture(
  title: string,
  subtitle: string,
  rows: readonly Row[],
  names: readonly string[],
  shown: (value: number) => string,
): string {
  const colourOf = (name: string) => colours[names.indexOf(name) % colours.length]!;
  const sumOf = ({ parts }: Row) => parts.reduce((sum, { value }) => sum + value, 0);
  const scale = (width - labelWidth - valueWidth) / Math.max(...rows.map(sumOf));
  const height = top + rows.length * rowHeight + 12;
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12">`,
    `<title>${escaped(`${title}: ${subtitle}`)}</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    text(12, 20, title, 'font-size="15" font-weight="600"'),
    text(12, 36, subtitle, 'fill="#555555"'),
  ];
  let legendAt = 12;
  for (const name of names) {
    lines.push(`<rect x="${legendAt}" y="44" width="10" height="10" fill="${colourOf(name)}"/>`);
    lines.push(text(legendAt + 14, 53, name));
    legendAt += 28 + name.length * 7;
  }
  for (const [index, row] of rows.entries()) {
    const y = top + index * rowHeight;
    lines.push(text(labelWidth - 8, y + 13, row.label, 'text-anchor="end"'));
    let x = labelWidth;
    for (const { name, value } of [...row.parts].sort(
      (a, b) => names.indexOf(a.name) - names.indexOf(b.name),
    )) {
      const long = value * scale;
      lines.push(
        `<rect x="${x.toFixed(1)}" y="${y}" width="${long.toFixed(1)}" height="${barHeight}" fill="${colourOf(name)}"/>`,
      );
      x += long;
    }
    lines.push(text(x + 6, y + 13, shown(sumOf(row))));
  }
  return `${lines.join('\n')}\n</svg>\n`;
}

function text(x: number, y: number, what: string, more = ''): string {
  return `<text x="${x.toFixed(1)}" y="${y}" ${more}>${escaped(what)}</text>`;
}

function escaped(what: string): string {
  return what.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
