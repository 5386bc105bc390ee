// diffSchemas + convertTxSteps of the official @instantdb/platform, timed: node compare.mjs FILE
// FILE: {before: defs, after: defs, attrs: [attr…], rounds}; prints {times: [ms…], steps}
import { readFileSync } from 'node:fs';
import { collectSystemCatalogIdentNames, convertTxSteps, diffSchemas, i } from '@instantdb/platform';

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

const task = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const [before, after] = [schemaOf(task.before), schemaOf(task.after)];
const system = collectSystemCatalogIdentNames(task.attrs);
// What is created is created: it asks for each new attribute whether it is a rename.
const noRenames = async (created) => created;
const times = [];
let steps = 0;
for (let round = 0; round < task.rounds + 3; round++) {
  const begin = performance.now();
  steps = convertTxSteps(await diffSchemas(before, after, noRenames, system), task.attrs).length;
  times.push(performance.now() - begin);
}
console.log(JSON.stringify({ times: times.slice(3), steps }));
