/**
 * A text in which the API has put `<em>` around what was searched for, with everything else escaped. It is read as text and
 * built anew, so nothing in it can become an element but the mark.
 */
const markPattern = /<em>(.*?)<\/em>/gs;

export function Marked({ text }: { readonly text: string }) {
  return (
    <>
      {partsOf(text).map(({ isMarked, words }, index) =>
        isMarked ? <mark key={index}>{words}</mark> : words,
      )}
    </>
  );
}

interface Part {
  readonly words: string;
  readonly isMarked: boolean;
}

function partsOf(text: string): readonly Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const match of text.matchAll(markPattern)) {
    parts.push({ words: unescaped(text.slice(at, match.index)), isMarked: false });
    parts.push({ words: unescaped(match[1]!), isMarked: true });
    at = match.index + match[0].length;
  }
  parts.push({ words: unescaped(text.slice(at)), isMarked: false });
  return parts.filter(({ words }) => words !== '');
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

function unescaped(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => entities[name]!);
}
