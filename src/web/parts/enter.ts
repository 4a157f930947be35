/** A phone's keyboard has an Enter in each field: it leads to the next one, and only the button sends the form. */
export function goOnByEnter(event: KeyboardEvent): void {
  const { target } = event;
  if (event.key !== 'Enter' || event.isComposing || !(target instanceof HTMLInputElement)) return;
  event.preventDefault();
  const fields = [...(event.currentTarget as HTMLFormElement).elements];
  const next = target.type === 'radio' ? null : fields[fields.indexOf(target) + 1];
  if (next instanceof HTMLElement) next.focus();
}
