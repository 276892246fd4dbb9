import { type Signal, useSignal } from '@preact/signals'
import qrcode from 'qrcode-generator'

/** As IEEE 802.11 and WPA have them. */
const SSID_MAX_BYTES = 32
const WIFI_PASSWORD_MAX_BYTES = 63

/** What to type on a board's console so that it connects here; also as a picture for a phone. */
export function Provisioning({ token }: { token: string }) {
  const port = location.port || (location.protocol === 'https:' ? '443' : '80')
  const network = useSignal({ name: '', password: '' })
  const text = `${wifiLine(network.value)}gateway ${location.hostname} ${port}\ntoken ${token}\n`
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
      <Wifi network={network} />
      <pre>{text}</pre>
      <div class="provisioning-ways">
        <CopyButton text={text} what="lines" />
        <CopyButton text={token} what="token" />
      </div>
      <QrCode text={text} />
    </div>
  )
}

interface Network {
  readonly name: string
  readonly password: string
}

/** As the console of the firmware reads it: in quotes, with `\\` before a quote or a `\\`. Nothing without a name. */
function wifiLine({ name, password }: Network): string {
  const quoted = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`
  if (name === '') return ''
  return `wifi ${quoted(name)}${password === '' ? '' : ` ${quoted(password)}`}\n`
}

function Wifi({ network }: { network: Signal<Network> }) {
  const field = (key: keyof Network, title: string, maxLength: number) => (
    <label>
      {title}
      <input
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        maxLength={maxLength}
        value={network.value[key]}
        onInput={(event) => {
          network.value = { ...network.value, [key]: event.currentTarget.value }
        }}
      />
    </label>
  )
  return (
    <div class="wifi">
      {field('name', 'WiFi network', SSID_MAX_BYTES)}
      {field('password', 'Its password', WIFI_PASSWORD_MAX_BYTES)}
      <small>
        Only for the lines below: neither leaves this page. Without them the board keeps the network it has.
      </small>
    </div>
  )
}

export function CopyButton({ text, what }: { text: string; what: string }) {
  const last = useSignal({ text: '', isCopied: false })
  const copy = async () => {
    last.value = { text, isCopied: await copied(text) }
  }
  const { isCopied } = last.value
  const isOfThis = last.value.text === text
  return (
    <button type="button" onClick={copy}>
      {!isOfThis ? `Copy the ${what}` : isCopied ? 'Copied' : 'Select it to copy it'}
    </button>
  )
}

/** False where the browser does not let a page copy, as over plain HTTP. */
async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false
  }
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
