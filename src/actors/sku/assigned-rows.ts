/**
 * The rows of HoldsAttached (the hold's id, the order's and the new end, 40 bytes) and of HoldsCommitted and HoldsReleased
 * (the hold's id, 16 bytes).
 */
import { attachHold, commitHold } from './commands.ts';

/** In rows of AttachHold; those of CommitHold and ReleaseHold begin with the same two ids. */
export const holdAt = attachHold.rows.at('holdId');
export const orderAt = attachHold.rows.at('orderId');
export const untilAt = attachHold.rows.at('untilMs');
export const buyerAt = attachHold.rows.at('buyerId');

/** Words of a row in the event. */
export const attachedRowWords = buyerAt;
export const resolvedRowWords = commitHold.rows.at('orderId');
