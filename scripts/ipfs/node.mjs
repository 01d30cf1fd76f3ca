// One IPFS node for tests and the local network: js-ipfs with its HTTP interface, and nothing that looks for peers.
//
//   node --require ./polyfill.cjs node.mjs FOLDER API_PORT SWARM_PORT
//
// It listens on 127.0.0.1 only, and ends when it is told to (SIGTERM, SIGINT). Its repository in FOLDER is made when it is not there.
import { rm } from 'node:fs/promises'
import net from 'node:net'
import { join } from 'node:path'
import { create } from 'ipfs-core'
import { HttpApi } from 'ipfs-http-server'

// Without this, Nagle's algorithm and delayed acknowledgements make each small block from a neighbour take a quarter of a second.
const { connect, createServer } = net
net.connect = (...args) => connect(...args).setNoDelay(true)
net.createServer = (options, ...rest) =>
  typeof options === 'function' ? createServer({ noDelay: true }, options) : createServer({ ...options, noDelay: true }, ...rest)

const [folder, apiPort, swarmPort] = process.argv.slice(2)

process.on('uncaughtException', error => {
  console.error(String(error))
  process.exit(1)
})

// A node that was killed leaves its lock behind; whoever starts this one made sure that no other runs here.
await rm(join(folder, 'repo.lock'), { recursive: true, force: true })

const ipfs = await create({
  repo: folder,
  silent: true,
  preload: { enabled: false },
  relay: { enabled: false, hop: { enabled: false } },
  init: { emptyRepo: true, algorithm: 'Ed25519' },
  config: {
    Addresses: {
      Swarm: [`/ip4/127.0.0.1/tcp/${swarmPort}`],
      API: `/ip4/127.0.0.1/tcp/${apiPort}`,
      Gateway: '',
      RPC: '',
      Delegates: [],
      Announce: [],
      NoAnnounce: []
    },
    Bootstrap: [],
    Discovery: { MDNS: { Enabled: false, Interval: 10 }, webRTCStar: { Enabled: false } },
    Pubsub: { Enabled: false },
    Routing: { Type: 'none' },
    Swarm: { ConnMgr: { LowWater: 50, HighWater: 200 }, DisableNatPortMap: true }
  }
})
const api = new HttpApi(ipfs)
await api.start()

async function end () {
  setTimeout(() => process.exit(1), 5000).unref()
  await api.stop()
  await ipfs.stop()
  process.exit(0)
}
process.on('SIGTERM', end)
process.on('SIGINT', end)
