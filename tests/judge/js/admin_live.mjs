// Live queries of the official @instantdb/admin over server-sent events: node admin_live.mjs SCENARIO
import assert from 'node:assert/strict';
import { id, init } from '@instantdb/admin';
import { apiURI, collector, fresh, run } from './admin_common.mjs';

const scenarios = {
  async subscribeQueryDeliversTheFirstAnswerAndEachChange() {
    const { db } = await fresh();
    const payloads = collector();
    const subscription = db.subscribeQuery({ goals: {} }, (payload) => payloads.push(payload));
    const first = await payloads.next();
    assert.deepEqual([first.type, first.data], ['ok', { goals: [] }]);
    assert.ok(first.sessionInfo.sessionId);
    const goal = id();
    await db.transact(db.tx.goals[goal].create({ title: 'a', rank: 1 }));
    assert.deepEqual((await payloads.next()).data, { goals: [{ id: goal, title: 'a', rank: 1 }] });
    await db.transact(db.tx.goals[goal].delete());
    assert.deepEqual((await payloads.next()).data, { goals: [] });
    subscription.close();
    assert.equal(subscription.isClosed, true);
  },

  async subscribeQueryGivesPageInfo() {
    const { db } = await fresh();
    await db.transact([1, 2, 3].map((rank) => db.tx.goals[id()].create({ title: `g${rank}`, rank })));
    const payloads = collector();
    db.subscribeQuery({ goals: { $: { first: 2, order: { rank: 'asc' } } } }, (payload) => payloads.push(payload));
    const { data, pageInfo } = await payloads.next();
    assert.deepEqual(data.goals.map((goal) => goal.rank), [1, 2]);
    assert.equal(pageInfo.goals.hasNextPage, true);
    const next = { first: 2, after: pageInfo.goals.endCursor, order: { rank: 'asc' } };
    assert.deepEqual((await db.query({ goals: { $: next } })).goals.map((goal) => goal.rank), [3]);
  },

  async subscribeQueryAsUserFollowsTheRules() {
    const { db } = await fresh({ perms: { goals: { allow: { view: 'data.isDone' } } } });
    const goal = id();
    await db.transact(db.tx.goals[goal].create({ title: 'a', isDone: false }));
    const payloads = collector();
    db.asUser({ guest: true }).subscribeQuery({ goals: {} }, (payload) => payloads.push(payload));
    assert.deepEqual((await payloads.next()).data, { goals: [] });
    await db.transact(db.tx.goals[goal].update({ isDone: true }));
    assert.equal((await payloads.next()).data.goals.length, 1);
  },

  async subscribeQueryAsIteratorWorks() {
    const { db } = await fresh();
    const subscription = db.subscribeQuery({ goals: {} });
    const seen = [];
    for await (const payload of subscription) {
      seen.push(payload.data.goals.length);
      if (seen.length === 2) break;
      await db.transact(db.tx.goals[id()].create({ title: 'a' }));
    }
    assert.deepEqual(seen, [0, 1]);
  },

  async subscribeQueryWithAWrongQueryOrTokenDeliversAnError() {
    const { db, app } = await fresh();
    const payloads = collector();
    db.subscribeQuery({ goals: { $: { order: { extra: 'asc' } } } }, (payload) => payloads.push(payload));
    const wrong = await payloads.next();
    assert.deepEqual([wrong.type, wrong.error.body.type], ['error', 'validation-failed']);
    const stranger = init({ appId: app.id, adminToken: id(), apiURI });
    stranger.subscribeQuery({ goals: {} }, (payload) => payloads.push(payload));
    const refused = await payloads.next();
    assert.equal(refused.type, 'error');
    assert.equal(refused.error.body.hint['record-type'], 'app-admin-token');
  },
};

await run(scenarios);
