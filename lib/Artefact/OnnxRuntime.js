// Runs a model with onnxruntime-node for bench-model, which starts this script with `node -e` and talks to it as Peer.h says.
'use strict';
const fs = require('fs');
const path = require('path');
const readline = require('readline');

const arrays = {
  float32: Float32Array, float64: Float64Array, float16: Uint16Array, int8: Int8Array, uint8: Uint8Array,
  int16: Int16Array, uint16: Uint16Array, int32: Int32Array, uint32: Uint32Array, int64: BigInt64Array,
  uint64: BigUint64Array, bool: Uint8Array,
};

let ort, session, feeds, results;

// The module belongs to the user's project (its node_modules) or to NODE_PATH; this script has no folder of its own.
function load() {
  const { createRequire } = require('module');
  const candidates = [path.join(process.cwd(), 'bench-model.js')];
  for (const folder of (process.env.NODE_PATH || '').split(':').filter(Boolean))
    candidates.push(path.join(folder, 'bench-model.js'));
  for (const from of candidates) {
    try { return createRequire(from)('onnxruntime-node'); } catch (error) { if (error.code !== 'MODULE_NOT_FOUND') throw error; }
    try { return createRequire(from)(path.join(path.dirname(from), 'onnxruntime-node')); } catch (error) { }
  }
  throw new Error("expects npm's onnxruntime-node in node_modules here or in NODE_PATH");
}

function tensor(input, type) {
  const bytes = fs.readFileSync(input.file);
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  return new ort.Tensor(type, new arrays[type](buffer), input.dims);
}

async function open(request) {
  ort = load();
  session = await ort.InferenceSession.create(request.model, {
    intraOpNumThreads: request.threads, interOpNumThreads: 1, graphOptimizationLevel: 'all', executionProviders: ['cpu'],
  });
  feeds = {};
  request.inputs.forEach((input, i) => {
    const name = session.inputNames.includes(input.name) ? input.name : session.inputNames[i];
    const meta = session.inputMetadata && session.inputMetadata.find((entry) => entry.name === name);
    feeds[name] = tensor(input, meta && meta.type === 'bool' ? 'bool' : input.type);
  });
  const version = ort.env && ort.env.versions ? ort.env.versions.node || ort.env.versions.common : '';
  return { version };
}

async function run(count) {
  const nanoseconds = [];
  const cpu = process.cpuUsage();
  for (let i = 0; i < count; ++i) {
    const start = process.hrtime.bigint();
    results = await session.run(feeds);
    nanoseconds.push(Number(process.hrtime.bigint() - start));
  }
  const { user, system } = process.cpuUsage(cpu);
  return { nanoseconds, cpu_nanoseconds: (user + system) * 1000 };
}

function write(directory) {
  return {
    outputs: session.outputNames.map((name, i) => {
      const { type, dims, data } = results[name];
      const file = path.join(directory, `peer_output_${i}.bin`);
      fs.writeFileSync(file, Buffer.from(data.buffer, data.byteOffset, data.byteLength));
      return { name, type, dims, file };
    }),
  };
}

async function answer(request) {
  if (request.model) return open(request);
  if (request.runs) return run(request.runs);
  return write(request.outputs);
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    let reply;
    try { reply = await answer(JSON.parse(line)); } catch (error) { reply = { error: String(error.message || error) }; }
    fs.writeSync(1, JSON.stringify(reply) + '\n');
  }
})();
