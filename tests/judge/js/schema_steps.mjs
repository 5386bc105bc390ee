// The official @instantdb/platform pushes schemas, overwriting: node schema_steps.mjs FILE
// FILE: [{appId, defs: {entities, links}, renames: ["a.b:a.c"]}]; prints [{steps: [[verb, …]], failed: [job]} | {error}]
import { readFileSync } from 'node:fs';
import { PlatformApi, i } from '@instantdb/platform';

const api = new PlatformApi({ apiURI: process.env.API_URI, auth: { token: process.env.PLATFORM_TOKEN } });

function attribute({ valueType, required, config }) {
  let made = i[valueType]();
  if (!required) made = made.optional();
  if (config.unique) made = made.unique();
  if (config.indexed) made = made.indexed();
  return made;
}

function schemaOf({ entities, links }) {
  const made = {};
  for (const [name, { attrs }] of Object.entries(entities)) {
    made[name] = i.entity(Object.fromEntries(Object.entries(attrs).map(([label, def]) => [label, attribute(def)])));
  }
  return i.schema({ entities: made, links });
}

async function push({ appId, defs, renames }) {
  try {
    const result = await api.schemaPush(appId, { schema: schemaOf(defs), overwrite: true, renames });
    const failed = result.steps.map((step) => step.backgroundJob).filter((job) => job && job.status === 'errored');
    return { steps: result.steps.map((step) => step.type), failed };
  } catch (error) {
    return { error: String(error), body: error.body };
  }
}

const answers = [];
for (const each of JSON.parse(readFileSync(process.argv[2], 'utf8'))) answers.push(await push(each));
console.log(JSON.stringify(answers));
