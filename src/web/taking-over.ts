/**
 * What the server has drawn can be used before its script is here. What somebody has ticked or chosen by then is undone when
 * the page is taken over, because the page says how it was drawn: it is done once more, so that the page hears of it.
 */

/** Whatever `draw` undoes of what somebody did in `root`. */
export function keepingChanges(root: ParentNode, draw: () => void): void {
  const ticked = [...root.querySelectorAll('input')].filter(
    ({ type, checked, defaultChecked }) => checked !== defaultChecked && (type !== 'radio' || checked),
  );
  const chosen = [...root.querySelectorAll('select')]
    .filter(({ options }) =>
      [...options].some(({ selected, defaultSelected }) => selected !== defaultSelected),
    )
    .map((select) => ({ select, value: select.value }));
  draw();
  for (const input of ticked) if (input.isConnected) input.click();
  for (const { select, value } of chosen) {
    select.value = value;
    select.dispatchEvent(new Event('change', { bubbles: true }));
  }
}
