// The compiler's command line on top of the npm package "solc", for machines that cannot fetch the native binary.
//
// It answers what py-solc-x, brownie, forge, crytic-compile (slither) and mythril ask:
//   solc --version | --help
//   solc --standard-json [FILE] [--allow-paths P] [--base-path P] [--include-path P]
//   solc [NAME=PATH ...] FILE.sol ... --combined-json LIST [--optimize] [--optimize-runs N] [--evm-version V] [--via-ir]
// Anything else is refused: an option that is silently dropped would compile something else than was asked for.
"use strict";

const fs = require("node:fs");
const path = require("node:path");

const TAKES_A_VALUE = new Set([
  "--allow-paths",
  "--base-path",
  "--combined-json",
  "--evm-version",
  "--include-path",
  "--metadata-hash",
  "--optimize-runs",
]);
const IS_A_SWITCH = new Set(["--help", "--optimize", "--overwrite", "--standard-json", "--version", "--via-ir"]);

/** The emscripten build, without the process-wide handlers it installs (they swallow stack traces). */
function compiler() {
  const solc = require("solc");
  process.removeAllListeners("uncaughtException");
  process.removeAllListeners("unhandledRejection");
  return solc;
}

/** Split the arguments into options, remappings and files. */
function parse(argv) {
  const asked = { options: {}, includes: [], remappings: [], files: [], refused: [] };
  for (let i = 0; i < argv.length; i++) {
    let name = argv[i];
    let value;
    if (name.startsWith("--") && name.includes("=")) {
      value = name.slice(name.indexOf("=") + 1);
      name = name.slice(0, name.indexOf("="));
    } else if (TAKES_A_VALUE.has(name)) {
      value = argv[++i];
    }
    if (name === "--include-path") asked.includes.push(path.resolve(value));
    else if (TAKES_A_VALUE.has(name)) asked.options[name] = value;
    else if (IS_A_SWITCH.has(name)) asked.options[name] = true;
    else if (name.startsWith("-") && name !== "-") asked.refused.push(name);
    else if (name.includes("=")) asked.remappings.push(name);
    else asked.files.push(name);
  }
  return asked;
}

const readText = (file) => fs.readFileSync(file === "-" ? 0 : file, "utf8");

/** Sources come from the base path, the include paths and the working folder, in this order. */
function importsFrom(asked) {
  const base = path.resolve(asked.options["--base-path"] ?? ".");
  const folders = [base, ...asked.includes, process.cwd()];
  return (wanted) => {
    const places = path.isAbsolute(wanted) ? [wanted] : folders.map((folder) => path.join(folder, wanted));
    const found = places.find((place) => fs.existsSync(place));
    return found ? { contents: readText(found) } : { error: `not found: ${wanted}, tried ${places.join(", ")}` };
  };
}

/** Compile a standard-JSON input; sources given as URLs are files here. */
function compile(input, findImport) {
  for (const source of Object.values(input.sources ?? {})) {
    if (source.content !== undefined || !source.urls) continue;
    const found = source.urls.map((url) => findImport(url.replace(/^file:\/\//, "")));
    source.content = found.find((answer) => answer.contents !== undefined)?.contents;
    delete source.urls;
  }
  return compiler().compile(JSON.stringify(input), { import: findImport });
}

/** Standard output may be a pipe that is read slowly: write until everything is gone. */
function print(text) {
  const bytes = Buffer.from(text);
  for (let done = 0; done < bytes.length; ) {
    try {
      done += fs.writeSync(1, bytes, done);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
}

/** The `--combined-json` fields of one contract. */
function combinedContract(contract, wanted) {
  const { bytecode, deployedBytecode } = contract.evm;
  const fields = {
    abi: contract.abi,
    asm: null,
    bin: bytecode.object,
    "bin-runtime": deployedBytecode.object,
    devdoc: contract.devdoc,
    "function-debug": bytecode.functionDebugData,
    "function-debug-runtime": deployedBytecode.functionDebugData,
    "generated-sources": bytecode.generatedSources,
    "generated-sources-runtime": deployedBytecode.generatedSources,
    hashes: contract.evm.methodIdentifiers,
    metadata: contract.metadata,
    opcodes: bytecode.opcodes,
    srcmap: bytecode.sourceMap,
    "srcmap-runtime": deployedBytecode.sourceMap,
    "storage-layout": contract.storageLayout,
    userdoc: contract.userdoc,
  };
  return Object.fromEntries(wanted.filter((name) => name in fields).map((name) => [name, fields[name]]));
}

/** `solc --combined-json`: through standard JSON and back. Returns the exit code. */
function combined(asked, findImport) {
  const contractFields = [
    "abi",
    "devdoc",
    "evm.bytecode",
    "evm.deployedBytecode",
    "evm.methodIdentifiers",
    "metadata",
    "storageLayout",
    "userdoc",
  ];
  const { options } = asked;
  const input = {
    language: "Solidity",
    sources: Object.fromEntries(
      asked.files.map((file) => [file === "-" ? "<stdin>" : file, { content: readText(file) }]),
    ),
    settings: {
      evmVersion: options["--evm-version"],
      metadata: options["--metadata-hash"] ? { bytecodeHash: options["--metadata-hash"] } : undefined,
      optimizer: {
        enabled: Boolean(options["--optimize"] ?? options["--optimize-runs"]),
        runs: Number(options["--optimize-runs"] ?? 200),
      },
      outputSelection: { "*": { "*": contractFields, "": ["ast"] } },
      remappings: asked.remappings,
      viaIR: Boolean(options["--via-ir"]),
    },
  };
  const answer = JSON.parse(compile(input, findImport));
  for (const finding of answer.errors ?? []) process.stderr.write(`${finding.formattedMessage}\n`);
  if ((answer.errors ?? []).some((finding) => finding.severity === "error")) return 1;

  const wanted = options["--combined-json"].split(",");
  const sources = Object.entries(answer.sources).sort(([, left], [, right]) => left.id - right.id);
  const contracts = {};
  for (const [file, ofFile] of Object.entries(answer.contracts ?? {})) {
    for (const [name, contract] of Object.entries(ofFile)) {
      contracts[`${file}:${name}`] = combinedContract(contract, wanted);
    }
  }
  const document = {
    contracts,
    sourceList: sources.map(([file]) => file),
    sources: Object.fromEntries(sources.map(([file, source]) => [file, { AST: source.ast, id: source.id }])),
    version: compiler().version(),
  };
  print(`${JSON.stringify(document)}\n`);
  return 0;
}

/** Run one command line; returns the exit code. */
function main(argv) {
  const asked = parse(argv);
  if (asked.refused.length > 0) {
    process.stderr.write(`solc shim: unknown option ${asked.refused.join(", ")}; see scripts/solc_shim.cjs\n`);
    return 2;
  }
  if (asked.options["--help"]) {
    // crytic-compile looks for the options it may use in this text
    print(`solc over npm\n${[...TAKES_A_VALUE, ...IS_A_SWITCH].sort().join("\n")}\n`);
    return 0;
  }
  if (asked.options["--version"]) {
    const version = compiler().version().replace(".Emscripten.clang", ".Linux.g++"); // what tools expect to parse
    print(`solc, the solidity compiler commandline interface\nVersion: ${version}\n`);
    return 0;
  }
  const findImport = importsFrom(asked);
  if (asked.options["--standard-json"]) {
    print(`${compile(JSON.parse(readText(asked.files[0] ?? "-")), findImport)}\n`);
    return 0;
  }
  if (asked.options["--combined-json"]) return combined(asked, findImport);
  process.stderr.write("solc shim: give --standard-json, --combined-json or --version\n");
  return 2;
}

process.exitCode = main(process.argv.slice(2));
