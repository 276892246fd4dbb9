export const HELP = `Simulated devices for a Fairlead gateway.

  npm run sim -- [options]

Load
  --devices N       devices to simulate, 1 to 20000 (default 5)
  --rate R          telemetry messages per second of each device; 0: only stay connected (default 1)
  --payload N       values in one message, 1 to 300 (default 2)
  --ramp TIME       spread the first connects over this time (default: all at once)
  --duration TIME   stop after this time, ramp included (default: until Ctrl-C)

Gateway
  --url ADDRESS     where devices connect (default: the gateway that runs here, else wss://localhost:8443)
  --api ADDRESS     where they are enrolled (default: the same host and port)
  --ca FILE         certificate of the gateway's CA (default: data/tls/ca.pem, if it is there)

Devices and tokens
  --admin-key KEY   enrols the devices; better set FAIRLEAD_ADMIN_KEY or
                    FAIRLEAD_API_KEY, which no process list shows
  --prefix TEXT     device ids are TEXT-1, TEXT-2, … (default sim). A device that exists gets one more token;
                    where it has two already, the oldest is revoked
  --tokens FILE     use these tokens and enrol nothing: [{"id": "sim-1", "token": "…"}, …]
  --save-tokens FILE  keep the new tokens for --tokens, readable by you alone

Output
  --seed N          repeat the same waits and values
  --json            print the summary as JSON
  --help            print this

TIME is a number with ms, s, m or h. Progress goes to standard error, the summary to standard output.
Ctrl-C ends the run with a summary, a second Ctrl-C leaves at once.
Exit code 0: all went well. 1: a message was not acknowledged, refused or dropped, or a device never became ready.
2: nothing was done, because an argument is wrong or the gateway cannot be used.
`
