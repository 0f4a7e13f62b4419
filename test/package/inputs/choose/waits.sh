#!/bin/sh
# A compiler that is not done before a signal comes.
touch "$(dirname "$1")/started"
exec sleep 20
