import { useSignal } from '@preact/signals'
import qrcode from 'qrcode-generator'

/** What to type on a board's console so that it connects here; also as a picture for a phone. */
export function Provisioning({ token }: { token: string }) {
  const port = location.port || (location.protocol === 'https:' ? '443' : '80')
  const text = `gateway ${location.hostname} ${port}\ntoken ${token}\n`
  const isLocal = /^(localhost|127\.|\[::1\])/.test(location.hostname)
  return (
    <div class="provisioning">
      <p>
        Type this on the board's serial console (115200 baud). The token is shown <b>this once</b>: only the device
        keeps it.
      </p>
      {isLocal && (
        <p class="hint">
          You opened this page as {location.hostname}; a board must be given a name or address at which it finds this
          machine.
        </p>
      )}
      <pre>{text}</pre>
      <div class="provisioning-ways">
        <CopyButton text={text} what="lines" />
        <CopyButton text={token} what="token" />
      </div>
      <QrCode text={text} />
    </div>
  )
}

export function CopyButton({ text, what }: { text: string; what: string }) {
  const isDone = useSignal(false)
  const copy = () => {
    navigator.clipboard.writeText(text).then(
      () => {
        isDone.value = true
      },
      () => {
        isDone.value = false // the text stands there to be selected
      },
    )
  }
  return (
    <button type="button" onClick={copy}>
      {isDone.value ? 'Copied' : `Copy the ${what}`}
    </button>
  )
}

function QrCode({ text }: { text: string }) {
  const code = qrcode(0, 'L')
  code.addData(text)
  code.make()
  const size = code.getModuleCount()
  const cells = Array.from({ length: size * size }, (_, at) => ({ x: at % size, y: Math.floor(at / size) }))
  const path = cells.flatMap(({ x, y }) => (code.isDark(y, x) ? [`M${x} ${y}h1v1h-1z`] : [])).join('')
  return (
    <svg class="qr" viewBox={`-3 -3 ${size + 6} ${size + 6}`} role="img" aria-label="The same lines as a QR code">
      <rect x="-3" y="-3" width={size + 6} height={size + 6} fill="#fff" />
      <path d={path} fill="#000" shape-rendering="crispEdges" />
    </svg>
  )
}
