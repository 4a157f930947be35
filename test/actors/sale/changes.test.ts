/** Who did what to a sale. */
import { pack, unpack } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import type { SaleChange, Steerer } from '../../../src/actors/sale/commands.ts';
import { saleDecider } from '../../../src/actors/sale/decide.ts';
import { given } from '../given.ts';
import { SaleRoom, saleId, startMs, terms } from './room.ts';

const seller: Steerer = { accountId: 'acc_seller', role: 'seller' };
const operator: Steerer = { accountId: 'acc_operator', role: 'operator' };
const read = (room: SaleRoom, sellerId: string | null = null) =>
  room.send({ type: 'ReadSaleChanges', sellerId }) as { code: string; body: { changes: SaleChange[] } };

describe('the changes of a sale', () => {
  it('say who paused, resumed and closed it and changed its rates, newest first, and outlive a snapshot', () => {
    const room = SaleRoom.open();
    room.send({ type: 'PauseSale', sellerId: 'acc_seller', by: seller });
    room.wait(1_000);
    room.send({ type: 'PauseSale', sellerId: null, holds: true, by: operator });
    room.send({ type: 'ResumeSale', sellerId: null, by: operator });
    room.send({
      type: 'ChangeSale',
      sellerId: null,
      by: operator,
      queueing: { releasePerSecond: 7, activeLimit: 10 },
    });
    room.send({ type: 'CloseSale', sellerId: 'acc_seller', by: seller });
    const expected = [
      { what: 'closed', by: seller },
      { what: 'rates', by: operator, rates: { releasePerSecond: [100, 7] } },
      { what: 'resumed', by: operator },
      { what: 'paused', by: operator, holds: true, atMs: startMs + 1_000 },
      { what: 'paused', by: seller, holds: false, atMs: startMs },
    ];
    expect(read(room).body.changes).toMatchObject(expected);
    expect(read(room).body.changes).toHaveLength(expected.length);
    const saved = unpack(pack(saleDecider.snapshot(room.state)));
    room.state = saleDecider.restore(saleId, saved, saleDecider.version);
    expect(read(room).body.changes).toMatchObject(expected);
  });

  it('are for the owner and operators', () => {
    const room = SaleRoom.open();
    expect(read(room, 'acc_seller').code).toBe('ok');
    expect(read(room, 'acc_other').code).toBe('not_found');
    expect(
      given(saleDecider, saleId).when({ type: 'ReadSaleChanges', sellerId: null }, startMs).decided.code,
    ).toBe('not_found');
  });

  it('are not what changed nothing, what was refused, and what time did', () => {
    const room = SaleRoom.open({ endsAtMs: startMs + 60_000 });
    room.send({ type: 'PauseSale', sellerId: null, by: operator });
    room.send({ type: 'PauseSale', sellerId: null, by: operator });
    room.send({ type: 'ResumeSale', sellerId: 'acc_other', by: operator });
    room.send({ type: 'ChangeSale', sellerId: null, by: operator, queueing: { releasePerSecond: 100 } });
    expect(read(room).body.changes).toHaveLength(1);
    room.waitUntil(startMs + 61_000);
    expect(room.state.phase).toBe('ended');
    expect(read(room).body.changes).toHaveLength(1);
  });

  it('of records of before, which do not say who, are none', () => {
    given(saleDecider, saleId)
      .events(
        { ...terms, type: 'SaleCreated', atMs: startMs - 1 },
        { type: 'ItemAllotted', sku: 'PS-1', atMs: startMs - 1 },
        { type: 'SaleStarted', atMs: startMs },
        { type: 'SalePaused', atMs: startMs },
        { type: 'SaleResumed', by: seller, atMs: startMs + 1 },
      )
      .when({ type: 'ReadSaleChanges', sellerId: null }, startMs + 2)
      .then({
        code: 'ok',
        events: [],
        reply: { changes: [{ what: 'resumed', by: seller, atMs: startMs + 1 }] },
      });
  });

  it('are bounded: of more than a hundred the oldest are forgotten', () => {
    const room = SaleRoom.open();
    for (let rate = 1; rate <= 130; rate++)
      room.send({ type: 'ChangeSale', sellerId: null, by: operator, queueing: { releasePerSecond: rate } });
    const { changes } = read(room).body;
    expect(changes).toHaveLength(100);
    expect(changes[0]!.rates).toEqual({ releasePerSecond: [129, 130] });
  });
});
