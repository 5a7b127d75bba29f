// Validates Argo CD Applications, one JSON object a line, by the types of a package; says what is wrong.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const { Application } = await import(pathToFileURL(process.argv[2]));
for await (const line of createInterface({ input: process.stdin })) {
  try {
    new Application(JSON.parse(line)).validate();
  } catch (error) {
    console.log(error.message);
  }
}
