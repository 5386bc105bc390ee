// The official @instantdb/platform against the local platform: node platform.mjs SCENARIO
import assert from 'node:assert/strict';
import { PlatformApi, i } from '@instantdb/platform';
import { init, id } from '@instantdb/admin';

const apiURI = process.env.API_URI;
const api = new PlatformApi({ apiURI, auth: { token: process.env.PLATFORM_TOKEN } });

const goals = (attrs, links = {}) =>
  i.schema({ entities: { goals: i.entity(attrs), todos: i.entity({ text: i.string() }) }, links });

const link = {
  goalTodos: {
    forward: { on: 'goals', has: 'many', label: 'todos' },
    reverse: { on: 'todos', has: 'one', label: 'goal', onDelete: 'cascade' },
  },
};

async function appWith(schema, rows = []) {
  const { app } = await api.createApp({ title: 'Judged', schema });
  if (rows.length) {
    const db = init({ appId: app.id, adminToken: app.adminToken, apiURI });
    await db.transact(rows.map((row) => db.tx.goals[id()].create(row)));
  }
  return app;
}

const scenarios = {
  async createListGetRenameDelete() {
    const perms = { goals: { allow: { view: 'true' } } };
    const made = (await api.createApp({ title: 'One', schema: goals({ title: i.string() }, link), perms })).app;
    assert.match(made.adminToken, /^[0-9a-f-]{36}$/);
    assert.ok(made.createdAt instanceof Date);
    const { apps } = await api.getApps({ includeSchema: true, includePerms: true });
    const listed = apps.find((app) => app.id === made.id);
    assert.deepEqual(listed.perms, perms);
    assert.ok(listed.schema.entities.goals.attrs.title);
    assert.equal(listed.schema.links.goalsTodos.reverse.onDelete, 'cascade');
    assert.equal((await api.getApp(made.id)).app.title, 'One');
    assert.equal((await api.updateApp(made.id, { title: 'Two' })).app.title, 'Two');
    assert.equal((await api.deleteApp(made.id)).app.id, made.id);
    await assert.rejects(api.getApp(made.id), (e) => e.status === 400 && e.body.type === 'record-not-found');
  },

  async organisations() {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${process.env.DASH_TOKEN}` };
    const body = JSON.stringify({ title: 'Org' });
    const { org } = await (await fetch(`${apiURI}/dash/orgs`, { method: 'POST', headers, body })).json();
    assert.ok((await api.getOrgs()).orgs.some((each) => each.id === org.id));
    const { app } = await api.createApp({ title: 'In it', orgId: org.id });
    const { apps } = await api.getAppsForOrg(org.id, { includeSchema: true });
    assert.deepEqual(apps.map((each) => each.id), [app.id]);
    assert.equal(apps[0].orgId, org.id);
  },

  async planThenPush() {
    const app = await appWith();
    const wanted = goals({ title: i.string().unique().indexed(), note: i.any().optional() }, link);
    const planned = await api.planSchemaPush(app.id, { schema: wanted });
    assert.deepEqual(new Set(planned.steps.map((step) => step.type)), new Set(['add-attr']));
    assert.equal((await api.getSchema(app.id)).schema.entities.goals, undefined);
    await api.schemaPush(app.id, { schema: wanted });
    const { schema } = await api.getSchema(app.id);
    assert.deepEqual(schema.entities.goals.attrs.title.config, { unique: true, indexed: true });
    assert.equal(schema.entities.goals.attrs.title.valueType, 'string');
    assert.equal(schema.links.goalsTodos.forward.has, 'many');
    assert.deepEqual((await api.planSchemaPush(app.id, { schema: wanted })).steps, []);
  },

  async changeFlagsByJobs() {
    const app = await appWith(goals({ title: i.any().optional() }), [{ title: 'a' }, { title: 'b' }]);
    const wanted = goals({ title: i.string().unique().indexed() });
    const pushed = await api.schemaPush(app.id, { schema: wanted });
    const types = pushed.steps.map((step) => step.type).sort();
    assert.deepEqual(types, ['check-data-type', 'index', 'required', 'unique']);
    assert.ok(pushed.steps.every((step) => step.backgroundJob.status === 'completed' || step.backgroundJob));
    const { title } = (await api.getSchema(app.id)).schema.entities.goals.attrs;
    assert.deepEqual([title.valueType, title.required, title.config], ['string', true, { unique: true, indexed: true }]);
    const back = await api.schemaPush(app.id, { schema: goals({ title: i.any().optional() }) });
    assert.equal(back.steps.length, 4);
    const after = (await api.getSchema(app.id)).schema.entities.goals.attrs.title;
    assert.deepEqual([after.required, after.config], [false, { unique: false, indexed: false }]);
  },

  async jobFailsOnWrongType() {
    const app = await appWith(goals({ size: i.any().optional() }), [{ size: 1 }, { size: 'big' }]);
    const pushed = await api.schemaPush(app.id, { schema: goals({ size: i.number().optional() }) });
    const { 'indexing-jobs': none } = pushed;
    assert.equal(none, undefined);
    await lastJob(app, 'check-data-type', 'invalid-triple-error', (job) => {
      assert.deepEqual(job.invalid_triples_sample.map((each) => [each.value, each.json_type]), [['big', 'string']]);
    }, { 'checked-data-type': 'number' }, 'size');
    assert.equal((await api.getSchema(app.id)).schema.entities.goals.attrs.size.valueType, 'json');
  },

  async jobFailsOnRepeatedValue() {
    const app = await appWith(goals({ title: i.string() }), [{ title: 'x' }, { title: 'x' }, { title: 'y' }]);
    await lastJob(app, 'unique', 'triple-not-unique-error', (job) => {
      assert.equal(job.invalid_unique_value, 'x');
      assert.equal(job.invalid_triples_sample.length, 2);
    });
    assert.equal((await api.getSchema(app.id)).schema.entities.goals.attrs.title.config.unique, false);
  },

  async jobFailsOnMissingValue() {
    const app = await appWith(goals({ title: i.string().optional(), n: i.number() }), [{ n: 1 }, { n: 2, title: 'x' }]);
    await lastJob(app, 'required', 'missing-required-error', (job) => {
      assert.equal(job.error_data.count, 1);
      assert.deepEqual(job.invalid_triples_sample.map((each) => each.entity_id), job.error_data['entity-ids']);
    });
  },

  async jobFailsOnLargeValue() {
    const app = await appWith(goals({ title: i.string() }), [{ title: 'x'.repeat(2000) }]);
    await lastJob(app, 'index', 'triple-too-large-error', (job) => {
      assert.equal(job.invalid_triples_sample.length, 1);
    });
  },

  async overwriteRenamesAndDeletes() {
    const app = await appWith(goals({ name: i.string(), old: i.string().optional() }), [{ name: 'kept' }]);
    const wanted = goals({ title: i.string() });
    const options = { schema: wanted, overwrite: true, renames: ['goals.name:goals.title'] };
    const types = (await api.planSchemaPush(app.id, options)).steps.map((step) => step.type);
    assert.ok(types.includes('update-attr') && types.includes('delete-attr'));
    await api.schemaPush(app.id, options);
    const { attrs } = (await api.getSchema(app.id)).schema.entities.goals;
    assert.deepEqual(Object.keys(attrs).filter((name) => name !== 'id'), ['title']);
    const db = init({ appId: app.id, adminToken: app.adminToken, apiURI });
    assert.deepEqual((await db.query({ goals: {} })).goals.map((goal) => goal.title), ['kept']);
    const deleted = await dash(`/dash/apps/${app.id}/soft_deleted_attrs`);
    assert.equal(deleted['grace-period-days'], 2);
    assert.equal(deleted.attrs.length, 1);
  },

  async refusesConflictingLinks() {
    const app = await appWith(goals({ title: i.string() }, link));
    const turned = { x: { forward: link.goalTodos.reverse, reverse: link.goalTodos.forward } };
    turned.x.forward = { on: 'todos', has: 'one', label: 'goal' };
    turned.x.reverse = { on: 'goals', has: 'many', label: 'todos' };
    await assert.rejects(
      api.schemaPush(app.id, { schema: goals({ title: i.string() }, turned) }),
      (e) => e.status === 400 && e.body.hint['data-type'] === 'schema',
    );
  },

  async pushesPerms() {
    const app = await appWith();
    const perms = { goals: { allow: { view: 'auth.id != null' } } };
    await api.pushPerms(app.id, { perms });
    assert.deepEqual((await api.getPerms(app.id)).perms, perms);
    await assert.rejects(
      api.pushPerms(app.id, { perms: { goals: { allow: { view: 'auth.id ==' } } } }),
      (e) => e.status === 400 && e.body.hint['data-type'] === 'rule',
    );
  },

  async temporaryApp() {
    const { app } = await new PlatformApi({ apiURI }).createTemporaryApp({ title: 'Gone soon' });
    assert.match(app.adminToken, /^[0-9a-f-]{36}$/);
  },

  async refusesUnknownToken() {
    const other = new PlatformApi({ apiURI, auth: { token: `per_${'0'.repeat(64)}` } });
    await assert.rejects(other.getApps(), (e) => e.status === 400 && e.body.type === 'record-not-found');
  },

  async backupIsListedAndDownloaded() {
    const app = await appWith(goals({ title: i.string() }, link), [{ title: 'a' }, { title: 'b' }]);
    const { job } = await dash(`/dash/apps/${app.id}/backups`, { description: 'by judge' });
    await until(async () => (await dash(`/dash/apps/${app.id}/backup-jobs/${job.id}`)).job.job_status === 'completed');
    const manager = api.backups(app.id);
    const [backup] = await manager.list();
    assert.equal(backup.description, 'by judge');
    const entries = [];
    const readAll = async (stream) => Buffer.concat(await Array.fromAsync(stream)).toString();
    await manager.downloadArchive({
      backup,
      sink: new WritableStream(),
      fetchBody: async (url) => {
        const answer = await fetch(url);
        assert.equal(answer.status, 200);
        return answer.body;
      },
      createWriter: async () => ({
        add: async (name, body) => entries.push([name, await readAll(body)]),
        close: async () => {},
      }),
    });
    assert.equal(entries[0][0], 'config.json');
    const config = JSON.parse(entries[0][1]);
    assert.equal(config.appId, app.id);
    assert.equal(config.counts.goals, 2);
    const rows = new Map(entries).get('entities/goals.jsonl').trim().split('\n').map((line) => JSON.parse(line));
    assert.deepEqual(rows.map((row) => row.entity.title).sort(), ['a', 'b']);
  },
};

async function dash(path, body) {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${process.env.PLATFORM_TOKEN}` };
  const method = body ? 'POST' : 'GET';
  const answer = await fetch(apiURI + path, { method, headers, body: body && JSON.stringify(body) });
  const value = await answer.json();
  assert.equal(answer.status, 200, JSON.stringify(value));
  return value;
}

async function until(condition) {
  const end = Date.now() + 20_000;
  while (!(await condition())) {
    assert.ok(Date.now() < end, 'it took too long');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function lastJob(app, type, error, check, more = {}, label = 'title') {
  const pulled = await dash(`/dash/apps/${app.id}/schema/pull`);
  const attr = pulled.schema.blobs.goals[label];
  const made = await dash(`/dash/apps/${app.id}/indexing-jobs`, { 'attr-id': attr.id, 'job-type': type, ...more });
  let job = made.job;
  await until(async () => {
    job = (await dash(`/dash/apps/${app.id}/indexing-jobs/${made.job.id}`)).job;
    return job.job_status === 'errored' || job.job_status === 'completed';
  });
  assert.deepEqual([job.job_status, job.error, job.attr_name], ['errored', error, `goals.${label}`]);
  check(job);
}

await scenarios[process.argv[2]]();
