import { withCleanup } from './support/cleanup.ts'
import { sleep } from './support/wait.ts'
import { openWorld } from './support/world.ts'

await withCleanup(async (cleanup) => {
  const world = await openWorld({ bus: 'mosquitto', devices: 50, ratePerS: 8, random: Math.random }, cleanup)
  const mem = async (w: string) => {
    const { body } = await world.gateway.api('GET', '/metrics')
    const g = (n: string) => Math.round(Number(new RegExp(`^${n} (.*)$`, 'm').exec(body)?.[1]) / 2 ** 20)
    console.log(
      w,
      'rss',
      Math.round((await world.gateway.rssBytes()) / 2 ** 20),
      'heapTotal',
      g('nodejs_heap_size_total_bytes'),
      'used',
      g('nodejs_heap_size_used_bytes'),
      'ext',
      g('nodejs_external_memory_bytes'),
      body.match(/fairlead_bus_backlog_\w+ \d+/g).join(),
    )
  }
  await mem('start')
  world.herd.load()
  if (process.argv[2]) world.commander.start()
  await sleep(5000)
  await mem('warm')
  for (let i = 0; i < 5; i++) {
    await world.mosquitto?.stop()
    for (let n = 0; n < 3; n++) {
      await sleep(5000)
      await mem(' out')
    }
    await world.mosquitto?.restart()
    await sleep(5000)
    await mem('back')
  }
  await world.commander.stop()
})
