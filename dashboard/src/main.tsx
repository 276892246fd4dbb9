import { render } from 'preact'
import { App } from './app.tsx'
import './style/tokens.css'
import './style/base.css'
import './style/frame.css'
import './style/fleet.css'
import './style/device.css'
import './style/commands.css'
import './style/access.css'
import './style/audit.css'
import './style/presence.css'
import './style/labels.css'
import './style/said.css'
import './style/import.css'
import './style/system.css'
import 'uplot/dist/uPlot.min.css'

const root = document.getElementById('app')
if (root) render(<App />, root)
