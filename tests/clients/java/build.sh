#!/bin/sh
# From protos/ to target/. Needs a JDK of 17 or newer and Maven; versions stand in pom.xml.
set -eu
cd "$(dirname "$0")"
# Quick to begin: the compiler of a short run is not worth compiling.
export MAVEN_OPTS="${MAVEN_OPTS:--XX:TieredStopAtLevel=1}"

mvn -B -q -ntp process-classes
