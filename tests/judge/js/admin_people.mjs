// Users and files through the official @instantdb/admin: node admin_people.mjs SCENARIO
import assert from 'node:assert/strict';
import { id } from '@instantdb/admin';
import { fresh, run } from './admin_common.mjs';

const EMAIL = 'ada@example.org';

const scenarios = {
  async tokensAreCreatedVerifiedAndEnded() {
    const { db } = await fresh();
    const token = await db.auth.createToken({ email: EMAIL });
    const user = await db.auth.verifyToken(token);
    assert.equal(user.email, EMAIL);
    assert.equal((await db.auth.getUser({ refresh_token: token })).id, user.id);
    assert.equal((await db.auth.getUser({ id: user.id })).email, EMAIL);
    await db.auth.signOut({ email: EMAIL });
    await assert.rejects(db.auth.verifyToken(token));
    assert.equal(await db.auth.getUser({ email: 'nobody@example.org' }), null);
  },

  async tokensForAnIdCreateThatUser() {
    const { db } = await fresh();
    const userId = id();
    const token = await db.auth.createToken({ id: userId });
    assert.equal((await db.auth.verifyToken(token)).id, userId);
  },

  async magicCodesSignInOnce() {
    const { db } = await fresh();
    const { code } = await db.auth.generateMagicCode(EMAIL);
    const { user, created } = await db.auth.checkMagicCode(EMAIL, code, { extraFields: { nickname: 'ada' } });
    assert.deepEqual([user.email, created], [EMAIL, true]);
    assert.equal((await db.query({ $users: {} })).$users[0].nickname, 'ada');
    await assert.rejects(db.auth.checkMagicCode(EMAIL, code), (error) => error.body.type === 'record-not-found');
    const again = await db.auth.sendMagicCode(EMAIL);
    assert.equal((await db.auth.verifyMagicCode(EMAIL, again.code)).id, user.id);
  },

  async usersAreDeleted() {
    const { db } = await fresh();
    const token = await db.auth.createToken({ email: EMAIL });
    const deleted = await db.auth.deleteUser({ email: EMAIL });
    assert.equal(deleted.email, EMAIL);
    assert.equal(await db.auth.getUser({ email: EMAIL }), null);
    await assert.rejects(db.auth.verifyToken(token));
  },

  async roomsAreEmpty() {
    const { db } = await fresh();
    assert.deepEqual(await db.rooms.getPresence('chat', 'room-1'), {});
  },

  async filesAreUploadedListedFetchedAndDeleted() {
    const { db } = await fresh();
    const { data } = await db.storage.uploadFile('a/b.txt', Buffer.from('hello'), { contentType: 'text/plain' });
    const { $files } = await db.query({ $files: {} });
    assert.deepEqual([$files.length, $files[0].id, $files[0].path], [1, data.id, 'a/b.txt']);
    const response = await fetch($files[0].url);
    assert.deepEqual([response.status, await response.text()], [200, 'hello']);
    assert.match(response.headers.get('content-type'), /^text\/plain/);
    assert.deepEqual((await db.storage.delete('a/b.txt')).data, { id: data.id });
    assert.deepEqual(await db.query({ $files: {} }), { $files: [] });
    assert.equal((await fetch($files[0].url)).status, 400);
  },

  async legacyStorageStillWorks() {
    const { db } = await fresh();
    assert.equal(await db.storage.upload('old.txt', Buffer.from('old'), { contentType: 'text/plain' }), true);
    assert.deepEqual((await db.storage.list()).map((file) => [file.name, file.size]), [['old.txt', 3]]);
    const url = await db.storage.getDownloadUrl('old.txt');
    assert.equal(await (await fetch(url)).text(), 'old');
    assert.equal((await db.storage.deleteMany(['old.txt', 'none.txt'])).data.ids.length, 1);
  },

  async filesAsGuestFollowTheRules() {
    const perms = { $files: { allow: { create: "data.path.startsWith('open/')", view: 'true' } } };
    const { db } = await fresh({ perms });
    const guest = db.asUser({ guest: true });
    await assert.rejects(guest.storage.uploadFile('a.txt', Buffer.from('x')), (error) => error.body.type === 'permission-denied');
    await guest.storage.uploadFile('open/a.txt', Buffer.from('x'));
    assert.equal((await guest.query({ $files: {} })).$files.length, 1);
  },
};

await run(scenarios);
