#!/bin/sh
# Makes the password file from the environment and becomes the broker. The environment is the only place where
# passwords are kept: change them there and start the container again. To add a user, add a line here and in `acl`.
set -eu
umask 077

config=/mosquitto/config
run=/mosquitto/run
: "${MOSQUITTO_GATEWAY_PASSWORD:?is not set}" "${MOSQUITTO_APP_PASSWORD:?is not set}"

# Through a file and not as an argument: arguments can be read by every process of the machine.
printf '%s:%s\n' gateway "$MOSQUITTO_GATEWAY_PASSWORD" app "$MOSQUITTO_APP_PASSWORD" >"$run/passwords"
mosquitto_passwd -U "$run/passwords"
cat "$config/acl" >"$run/acl" # a copy of our own: Mosquitto warns of rules that others can read
unset MOSQUITTO_GATEWAY_PASSWORD MOSQUITTO_APP_PASSWORD

exec mosquitto -c "$config/mosquitto.conf"
