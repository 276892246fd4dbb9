// Builds the operator's page into dashboard/dist, with a compressed twin of each file. Plain JavaScript, since npm runs
// it with whatever Node is there. `--if-possible` is for `npm ci --omit=dev`, which has nothing to build with.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'

const root = import.meta.dirname
const assets = join(root, 'dist', 'assets')

async function loadVite() {
  try {
    return await import('vite')
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND' || !process.argv.includes('--if-possible')) throw error
    console.log('dashboard: not built, since development packages are not installed')
    return undefined
  }
}

const vite = await loadVite()
if (vite !== undefined) {
  await vite.build({
    root,
    configFile: false,
    logLevel: 'warn',
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: {
      target: 'es2023',
      emptyOutDir: true,
      assetsInlineLimit: 0, // the page's policy takes no inline script or style
      modulePreload: { polyfill: false },
    },
  })
  for (const name of readdirSync(assets)) {
    const content = readFileSync(join(assets, name))
    writeFileSync(join(assets, `${name}.br`), brotliCompressSync(content))
    writeFileSync(join(assets, `${name}.gz`), gzipSync(content, { level: 9 }))
  }
}
