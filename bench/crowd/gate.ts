/**
 * Who may send now: `size` requests at once, those who pay before those who join or look. Those who wait are at most
 * as many as there are buyers.
 */
export function createGate(size: number) {
  const urgent = createQueue<() => void>();
  const others = createQueue<() => void>();
  let inside = 0;
  return {
    get inside() {
      return inside;
    },
    enter(isUrgent: boolean): Promise<void> | undefined {
      if (inside < size) {
        inside++;
        return undefined;
      }
      return new Promise((resolve) => (isUrgent ? urgent : others).push(resolve));
    },
    leave() {
      const next = urgent.shift() ?? others.shift();
      if (next) next();
      else inside--;
    },
  };
}

/** First in, first out, without moving the rest at every step. */
function createQueue<Item>() {
  let items: Item[] = [];
  let head = 0;
  return {
    push: (item: Item) => void items.push(item),
    shift(): Item | undefined {
      if (head >= items.length) return undefined;
      const item = items[head++];
      if (head > 1_024 && head * 2 > items.length) {
        items = items.slice(head);
        head = 0;
      }
      return item;
    },
  };
}
