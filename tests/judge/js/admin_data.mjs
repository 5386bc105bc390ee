// The official @instantdb/admin against the local platform: node admin_data.mjs SCENARIO
import assert from 'node:assert/strict';
import { id, init, lookup } from '@instantdb/admin';
import { api, apiURI, fresh, run } from './admin_common.mjs';

const fails = (promise, check) => assert.rejects(promise, (error) => check(error) ?? true);

const scenarios = {
  async transactAndQuery() {
    const { db } = await fresh();
    const [goal, todo] = [id(), id()];
    const answer = await db.transact([
      db.tx.goals[goal].create({ title: 'a', rank: 1, extra: { deep: [1, { x: null }] }, isDone: false }),
      db.tx.todos[todo].create({ text: 't' }).link({ goal }),
    ]);
    assert.ok(answer['tx-id'] > 0);
    const data = await db.query({ goals: { todos: {} } });
    assert.deepEqual(data.goals, [
      { id: goal, title: 'a', rank: 1, extra: { deep: [1, { x: null }] }, isDone: false, todos: [{ id: todo, text: 't' }] },
    ]);
  },

  async hasOneLinksAreObjectsWithASchema() {
    const { db } = await fresh({ typed: true });
    const [goal, todo] = [id(), id()];
    await db.transact([db.tx.goals[goal].create({ title: 'a' }), db.tx.todos[todo].create({ text: 't' }).link({ goal })]);
    const data = await db.query({ todos: { goal: {} } });
    assert.equal(data.todos[0].goal.id, goal);
  },

  async filtersOrdersAndPages() {
    const { db } = await fresh();
    await db.transact([1, 2, 3, 4, 5].map((rank) => db.tx.goals[id()].create({ title: `g${rank}`, rank })));
    const titles = async ($) => (await db.query({ goals: { $ } })).goals.map((goal) => goal.title);
    assert.deepEqual(await titles({ where: { rank: { $gt: 3 } }, order: { rank: 'desc' } }), ['g5', 'g4']);
    assert.deepEqual(await titles({ where: { title: { $like: '%3' } } }), ['g3']);
    assert.deepEqual(await titles({ where: { or: [{ rank: 1 }, { title: 'g2' }] }, order: { rank: 'asc' } }), ['g1', 'g2']);
    assert.deepEqual(await titles({ order: { rank: 'asc' }, limit: 2, offset: 1 }), ['g2', 'g3']);
  },

  async updatesMergesLooksUpUnlinksAndDeletes() {
    const { db } = await fresh();
    const [goal, todo] = [id(), id()];
    await db.transact([
      db.tx.goals[goal].create({ title: 'a', slug: 's', extra: { a: 1, b: { c: 2 } } }),
      db.tx.todos[todo].create({ text: 't' }).link({ goal }),
    ]);
    await db.transact([
      db.tx.goals[lookup('slug', 's')].update({ title: 'b' }),
      db.tx.goals[goal].merge({ extra: { b: { d: 3 }, a: null } }),
    ]);
    let { goals } = await db.query({ goals: { todos: {} } });
    assert.deepEqual([goals[0].title, goals[0].extra, goals[0].todos.length], ['b', { b: { c: 2, d: 3 } }, 1]);
    await db.transact(db.tx.goals[goal].unlink({ todos: todo }));
    ({ goals } = await db.query({ goals: { todos: {} } }));
    assert.deepEqual(goals[0].todos, []);
    await db.transact([db.tx.todos[todo].link({ goal })]);
    await db.transact(db.tx.goals[goal].delete());
    assert.deepEqual(await db.query({ goals: {}, todos: {} }), { goals: [], todos: [] });
  },

  async refusesWithThePlatformsErrors() {
    const { db, app } = await fresh();
    const goal = id();
    await db.transact(db.tx.goals[goal].create({ title: 'a', slug: 's' }));
    await fails(db.transact(db.tx.goals[id()].create({ slug: 's' })), (error) => {
      assert.equal(error.body.type, 'record-not-unique');
    });
    await fails(db.transact(db.tx.goals[goal].create({ title: 'b' })), (error) => {
      assert.match(error.body.message, /Creating entities that exist/);
    });
    await fails(db.transact(db.tx.goals[goal].update({ rank: 'one' })), (error) => {
      assert.match(error.body.message, /Value must be a number but the provided value type is string/);
    });
    await fails(db.query({ goals: { $: { order: { extra: 'asc' } } } }), (error) => {
      assert.equal(error.body.type, 'validation-failed');
    });
    const stranger = init({ appId: app.id, adminToken: id(), apiURI });
    await fails(stranger.query({ goals: {} }), (error) => {
      assert.equal(error.body.hint['record-type'], 'app-admin-token');
    });
  },

  async asUserAndAsGuestAreJudgedByRules() {
    const perms = {
      goals: {
        bind: ['isOwner', "auth.id in data.ref('owner.id')"],
        allow: { view: 'isOwner', update: "isOwner && request.modifiedFields.all(f, f in ['title'])", delete: 'false' },
        fields: { rank: 'auth.email == "ada@example.org"' },
      },
    };
    const { db } = await fresh({ perms });
    const token = await db.auth.createToken({ email: 'ada@example.org' });
    const user = await db.auth.getUser({ email: 'ada@example.org' });
    const [mine, other] = [id(), id()];
    await db.transact([
      db.tx.goals[mine].create({ title: 'mine', rank: 1 }).link({ owner: user.id }),
      db.tx.goals[other].create({ title: 'other', rank: 2 }),
    ]);
    let title = 'mine';
    for (const asUser of [db.asUser({ email: 'ada@example.org' }), db.asUser({ token })]) {
      const { goals } = await asUser.query({ goals: {} });
      assert.deepEqual(goals, [{ id: mine, title, rank: 1, owner: user.id }]);
      title = `${title}!`;
      await asUser.transact(db.tx.goals[mine].update({ title }));
      for (const refused of [
        db.tx.goals[other].update({ title: 'x' }),
        db.tx.goals[mine].update({ rank: 3 }),
        db.tx.goals[mine].delete(),
      ]) {
        await fails(asUser.transact(refused), (error) => {
          assert.deepEqual([error.body.type, error.body.hint.expected], ['permission-denied', 'perms-pass?']);
        });
      }
    }
    assert.deepEqual(await db.asUser({ guest: true }).query({ goals: {} }), { goals: [] });
    assert.equal((await db.query({ goals: {} })).goals.length, 2);
  },

  async debugQueryShowsWhatTheRulesSay() {
    const { db } = await fresh();
    const goal = id();
    await db.transact(db.tx.goals[goal].create({ title: 'a' }));
    const rules = { goals: { allow: { view: "data.title == 'b'" } } };
    const { result, checkResults } = await db.asUser({ guest: true }).debugQuery({ goals: {} }, { rules });
    assert.deepEqual(result, { goals: [] });
    assert.deepEqual([checkResults[0].id, checkResults[0].entity, checkResults[0].check], [goal, 'goals', false]);
    assert.equal(checkResults[0].record.title, 'a');
  },

  async debugTransactRunsTheRulesAndWritesNothing() {
    const { db } = await fresh();
    const goal = id();
    const rules = { goals: { allow: { create: 'auth.id != null' } } };
    const guest = db.asUser({ guest: true });
    const answer = await guest.debugTransact(db.tx.goals[goal].create({ title: 'a' }), { rules });
    assert.deepEqual([answer['all-checks-ok?'], answer['committed?']], [false, false]);
    assert.equal(answer['check-results'][0]['check-pass?'], false);
    const allowed = await guest.debugTransact(db.tx.goals[goal].create({ title: 'a' }));
    assert.deepEqual([allowed['all-checks-ok?'], allowed['committed?']], [true, false]);
    assert.deepEqual(await db.query({ goals: {} }), { goals: [] });
    await fails(db.debugTransact(db.tx.goals[goal].create({ title: 'a' })), (error) => {
      assert.match(error.message, /Cannot test perms as admin|asUser/);
    });
  },

  async rulesThatDoNotCompileAreRefusedWhenPushed() {
    const { app } = await fresh();
    await fails(api.pushPerms(app.id, { perms: { goals: { allow: { view: 'lol' } } } }), (error) => {
      const [problem] = error.body.hint.errors;
      assert.deepEqual(problem.in, ['goals', 'allow', 'view']);
      assert.match(problem.message, /undeclared reference to 'lol'/);
    });
  },
};

await run(scenarios);
