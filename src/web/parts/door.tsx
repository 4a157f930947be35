/** The sign of the shop: a door that stands open. Drawn in the colours of the theme, and silent. */
export function Door() {
  return (
    <svg class="door-sign" viewBox="0 0 18 24" width="18" height="24" aria-hidden="true">
      <path d="M1 2h16v20H1z" fill="var(--light)" />
      <path d="M1 2l9 2v20l-9-2z" fill="var(--door)" />
      <circle cx="7.5" cy="13" r="1.2" fill="var(--on-door)" />
      <path d="M1 22V2h16v20" fill="none" stroke="var(--ink)" stroke-width="2" />
    </svg>
  );
}
