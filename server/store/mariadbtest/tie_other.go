//go:build !linux

package mariadbtest

import "os/exec"

// tie does nothing here: a killed test process leaves the server running.
func tie(*exec.Cmd) {}
