#!/bin/sh
# The SDK into the local repository of Maven, and the program into target/. Needs a JDK of 17 or newer and Maven.
set -eu
cd "$(dirname "$0")"
# Quick to begin: the compiler of a short run is not worth compiling.
export MAVEN_OPTS="${MAVEN_OPTS:--XX:TieredStopAtLevel=1}"

mvn -B -q -ntp -f ../pom.xml install -Dmaven.test.skip=true
mvn -B -q -ntp process-classes
