// SPDX-License-Identifier: Apache-2.0
// PID 1 of a container that asks for an init.
#pragma once

/// Its first argument, by which main.c knows it; the container sees it in its list of processes.
#define INIT_NAME "mayfly-init"

/// init.c: starts the program that follows the first argument, and returns with its exit code, 128
/// plus the signal that ended it, or 126 or 127 when it could not be executed.
int init_main(char **arguments, char **environment);
