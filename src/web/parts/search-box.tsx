/**
 * The search box of the header: a form, which works without its script, and a combobox that suggests while somebody types
 * (the pattern of the ARIA Authoring Practices: the focus stays in the box, the arrows move through the list).
 */
import './search-box.css';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { address, go, path } from '../router.ts';
import { shopWords } from '../words-shop.ts';
import { hrefOf, type Suggestion, useSuggestions } from './suggestions.ts';

const text = shopWords.box;

export function SearchBox() {
  const id = useId();
  const asked = path.value === '/search' ? (address.value.searchParams.get('q') ?? '') : '';
  const input = useRef<HTMLInputElement>(null);
  const box = useList(asked);
  // Another search, by a link or the back button: the box says what is shown. What was typed first of all stays.
  const shown = useRef(asked);
  useEffect(() => {
    if (shown.current === asked) return;
    shown.current = asked;
    input.current!.value = asked;
    box.close();
  }, [asked]);
  const leave = (href: string) => {
    box.close();
    go(href);
  };
  const submit = (event: Event) => {
    event.preventDefault();
    leave(hrefOf(box.chosen ?? { kind: 'query', text: input.current!.value }));
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: browsers that lack the element search are still about
    <form class="find" role="search" action="/search" onSubmit={submit}>
      <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
        <circle cx="10.5" cy="10.5" r="6.5" />
        <path d="M15.5 15.5L21 21" />
      </svg>
      <input
        ref={input}
        type="text"
        inputMode="search"
        enterKeyHint="search"
        name="q"
        role="combobox"
        aria-label={text.label}
        aria-expanded={box.isOpen}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        {...(box.chosen ? { 'aria-activedescendant': `${id}-${box.active}` } : {})}
        autocomplete="off"
        maxLength={200}
        placeholder={text.placeholder}
        defaultValue={asked}
        onInput={(event) => box.type(event.currentTarget.value)}
        onKeyDown={(event) => box.press(event, event.currentTarget.value)}
        onBlur={box.close}
      />
      <Options id={id} items={box.isOpen ? box.items : []} active={box.active} onChoose={leave} />
    </form>
  );
}

/** What is suggested, whether it is shown, and which of it is chosen now. */
function useList(asked: string) {
  const [typed, setTyped] = useState<string | null>(null);
  const [active, setActive] = useState(-1);
  const items = useSuggestions(typed);
  const isOpen = typed !== null && items.length > 0;
  const type = (written: string | null) => {
    setTyped(written);
    setActive(-1);
  };
  const close = () => type(null);
  const press = (event: KeyboardEvent, written: string) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step === 0 && !(event.key === 'Escape' && isOpen)) return;
    event.preventDefault();
    if (step === 0) close();
    else if (!isOpen) type(written || asked);
    // Round, with the box itself between the last and the first.
    else setActive(((active + 1 + step + items.length + 1) % (items.length + 1)) - 1);
  };
  return { items, isOpen, active, chosen: isOpen ? items[active] : undefined, type, close, press };
}

interface OptionsProps {
  readonly id: string;
  readonly items: readonly Suggestion[];
  readonly active: number;
  readonly onChoose: (href: string) => void;
}

function Options({ id, items, active, onChoose }: OptionsProps) {
  return (
    <div id={`${id}-list`} role="listbox" aria-label={text.suggestions} hidden={items.length === 0}>
      {items.map((item, index) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents lint/a11y/useFocusableInteractive: the box has the focus, and the keys
        <div
          key={`${item.kind} ${item.text} ${item.productId ?? ''}`}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === active}
          // The box keeps the focus.
          onPointerDown={(event) => event.preventDefault()}
          onClick={() => onChoose(hrefOf(item))}
        >
          <span>{item.text}</span>
          <span class="quiet">{text.kinds[item.kind] ?? ''}</span>
        </div>
      ))}
    </div>
  );
}
