// Runs the module that is the argument: calls-wasm.c with a cell.
import { readFileSync, writeSync } from "node:fs";

let memory;
const env = {
  write_text: (text, length) =>
    writeSync(1, new Uint8Array(memory.buffer, text, Number(length))),
};
const module = await WebAssembly.instantiate(readFileSync(process.argv[2]), { env });
memory = module.instance.exports.memory;
module.instance.exports.start();
