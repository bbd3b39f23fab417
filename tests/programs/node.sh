# Node.js: child processes, worker threads, files, sockets, DNS, compression on its thread pool.
# packages: nodejs
set -e
cat >main.js <<'js'
const { Worker, isMainThread, parentPort, workerData, threadId } = require('worker_threads')
const { spawn, spawnSync, execFile, fork } = require('child_process')
const fs = require('fs'), net = require('net'), zlib = require('zlib'), crypto = require('crypto'), dns = require('dns')
const { promisify } = require('util')
if (process.argv[2] === 'child') {
  process.on('message', (m) => { process.send(m * 2); if (m === 3) process.disconnect() })
} else if (!isMainThread) {
  Atomics.add(new Int32Array(workerData), 0, 1)
  let sum = 0; for (let i = 0; i < 1e6; i++) sum += Math.sqrt(i)
  parentPort.postMessage(sum)
} else (async () => {
  const shared = new SharedArrayBuffer(4)
  const sums = await Promise.all(Array.from({ length: 6 }, () => new Promise((done, fail) => {
    const w = new Worker(__filename, { workerData: shared }); w.on('message', done); w.on('error', fail) })))
  console.log('workers', new Set(sums).size, sums[0].toFixed(3), new Int32Array(shared)[0])
  console.log('spawnSync', spawnSync('sh', ['-c', 'echo out; echo err >&2; exit 3']).status)
  const outs = await Promise.all(Array.from({ length: 10 }, (_, i) => promisify(execFile)('echo', [String(i)])))
  console.log('execFile', outs.map((o) => o.stdout.trim()).join(' '))
  const killed = spawn('sleep', ['60']); setTimeout(() => killed.kill(), 50)
  console.log('killed', await new Promise((done) => killed.on('exit', (code, signal) => done(signal))))
  try { await promisify(execFile)('/no/such/program') } catch (e) { console.log(e.code) }
  const child = fork(__filename, ['child']), answers = []
  child.on('message', (m) => answers.push(m)); for (const i of [1, 2, 3]) child.send(i)
  await new Promise((done) => child.on('exit', done)); console.log('fork', answers.join(' '))
  await Promise.all(Array.from({ length: 50 }, (_, i) => fs.promises.writeFile(`f${i}`, 'x'.repeat(i * 1000))))
  const sizes = await Promise.all(Array.from({ length: 50 }, (_, i) => fs.promises.stat(`f${i}`).then((s) => s.size)))
  console.log('files', sizes.reduce((a, b) => a + b)); try { fs.readFileSync('nothing') } catch (e) { console.log(e.message) }
  const watched = new Promise((done) => { const w = fs.watch('.', (_, name) => { if (name === 'new') { w.close(); done(name) } }) })
  fs.writeFileSync('new', ''); console.log('watch', await watched)
  const server = net.createServer((s) => s.pipe(s)).listen(0, '127.0.0.1'); await new Promise((d) => server.on('listening', d))
  const echoes = await Promise.all(Array.from({ length: 30 }, (_, i) => new Promise((done, fail) => {
    const c = net.connect(server.address().port, '127.0.0.1'); let got = 0
    c.on('data', (d) => { got += d.length; if (got === 100000) c.end() }); c.on('close', () => done(got)); c.on('error', fail)
    c.write(Buffer.alloc(100000, i)) })))
  server.close(); console.log('net', echoes.every((n) => n === 100000))
  console.log('dns', (await dns.promises.lookup('127.0.0.1')).address)
  const packed = await promisify(zlib.gzip)(Buffer.alloc(1e6, 'abc')); console.log('zlib', packed.length, (await promisify(zlib.gunzip)(packed)).length)
  console.log('crypto', (await promisify(crypto.pbkdf2)('a', 'b', 1000, 32, 'sha256')).toString('hex'))
  process.on('SIGUSR2', () => { console.log('signal'); process.exit(7) }); process.kill(process.pid, 'SIGUSR2'); setTimeout(() => {}, 10000)
})()
js
node main.js || echo "node ended with $?"
node -e 'process.abort()' 2>/dev/null || echo "node ended with $?"
