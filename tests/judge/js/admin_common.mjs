// What all judgements of @instantdb/admin share: an app of their own, and how scenarios are started.
import { randomUUID } from 'node:crypto';
import { PlatformApi, i } from '@instantdb/platform';
import { init } from '@instantdb/admin';

export const apiURI = process.env.API_URI;
export const api = new PlatformApi({ apiURI, auth: { token: process.env.PLATFORM_TOKEN } });

export const schema = i.schema({
  entities: {
    $users: i.entity({ email: i.string().unique().indexed().optional(), nickname: i.string().optional() }),
    goals: i.entity({
      title: i.string().indexed().optional(),
      slug: i.string().unique().optional(),
      rank: i.number().indexed().optional(),
      extra: i.json().optional(),
      isDone: i.boolean().optional(),
    }),
    todos: i.entity({ text: i.string().optional() }),
  },
  links: {
    goalTodos: {
      forward: { on: 'goals', has: 'many', label: 'todos' },
      reverse: { on: 'todos', has: 'one', label: 'goal', onDelete: 'cascade' },
    },
    goalOwner: {
      forward: { on: 'goals', has: 'one', label: 'owner' },
      reverse: { on: '$users', has: 'many', label: 'goals' },
    },
  },
});

/** A fresh app, and an admin client for it; `typed` gives has-one links as objects. */
export async function fresh({ perms, typed = false } = {}) {
  const { app } = await api.createApp({ title: `Judged ${randomUUID()}`, schema, perms });
  const db = init({ appId: app.id, adminToken: app.adminToken, apiURI, ...(typed ? { schema } : {}) });
  return { app, db };
}

export async function run(scenarios) {
  const name = process.argv[2];
  await scenarios[name]();
  // Open streams of the client would keep the process alive.
  process.exit(0);
}

/** Collects what a subscription delivers; `next` waits for one payload. */
export function collector() {
  const waiting = [];
  const got = [];
  return {
    push(payload) {
      const resolve = waiting.shift();
      resolve ? resolve(payload) : got.push(payload);
    },
    next() {
      return got.length ? Promise.resolve(got.shift()) : new Promise((resolve) => waiting.push(resolve));
    },
  };
}
