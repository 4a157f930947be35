/**
 * A site is the /48 of an IPv6 address: 65,536 addresses as limits count them (by the /64), which one customer may have
 * together. Whatever is bounded by address because it costs memory is bounded by site as well.
 */

/** A site has the share of so many addresses. */
export const addressesPerSite = 16;
