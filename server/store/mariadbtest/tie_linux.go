package mariadbtest

import (
	"os/exec"
	"syscall"
)

// tie lets the child die with its parent, even when the parent is killed.
func tie(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
