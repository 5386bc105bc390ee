// What the official tools make of schema texts: node schema_text.mjs TASK FILE…, one JSON answer on stdout.
// Each file is a text; `generate` takes files with the JSON of push defs instead.
import { readFileSync } from 'node:fs';
import { createJiti } from 'jiti';
import prettier from 'prettier';
import { generateSchemaTypescriptFile, i, schemaTypescriptFileToInstantSchema } from '@instantdb/platform';

const plain = ({ entities, links }) => JSON.parse(JSON.stringify({ entities, links }));

/** Push defs back to what i.schema() makes, as the generator takes it. */
function schemaOf(defs) {
  const attr = ({ valueType, required, config }) => {
    let made = i[valueType]();
    if (config.unique) made = made.unique();
    if (config.indexed) made = made.indexed();
    return required ? made : made.optional();
  };
  const entities = Object.entries(defs.entities).map(([name, { attrs }]) => [
    name,
    i.entity(Object.fromEntries(Object.entries(attrs).map(([label, def]) => [label, attr(def)]))),
  ]);
  // In the order in which a pull has the parts of an end (apiSchemaToInstantSchemaDef).
  const end = ({ on, has, label, required, onDelete }) => ({ on, has, label, required, onDelete });
  const links = Object.entries(defs.links).map(([name, { forward, reverse }]) => [
    name,
    { forward: end(forward), reverse: end(reverse) },
  ]);
  return i.schema({ entities: Object.fromEntries(entities), links: Object.fromEntries(links) });
}

const tasks = {
  /** The text run as a program, as instant-cli does it. */
  run: async (path) => plain((await createJiti(import.meta.url).import(path)).default),
  /** The official reader, which does not run it either. */
  read: (path) => plain(schemaTypescriptFileToInstantSchema(readFileSync(path, 'utf8'))),
  /** As instant-cli leaves a file behind. */
  format: (path) => prettier.format(readFileSync(path, 'utf8'), { parser: 'typescript' }),
  /** What a pull would write, before and after it is formatted. */
  async generate(path) {
    const text = generateSchemaTypescriptFile(null, schemaOf(JSON.parse(readFileSync(path, 'utf8'))), '@instantdb/core');
    return [text, await prettier.format(text, { parser: 'typescript' })];
  },
};

const [task, ...paths] = process.argv.slice(2);
const answers = [];
for (const path of paths) answers.push(await tasks[task](path));
process.stdout.write(JSON.stringify(answers));
