#!/usr/bin/env node
import { enableCompileCache } from 'node:module'

// Compiled sources are kept in the system's temporary directory: hooks of agents start this program very often.
enableCompileCache()
const { runCli } = await import('./program.ts')
await runCli(process.argv.slice(2))
