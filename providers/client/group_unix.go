//go:build unix

package client

import (
	"os"
	"os/exec"
	"syscall"
)

// ownGroup makes a process the first of a group of its own, so that its children can be ended with it.
func ownGroup(command *exec.Cmd) { command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// endGroup ends what is left of the group.
func endGroup(command *exec.Cmd) {
	if command != nil && command.Process != nil {
		_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL)
	}
}

// foreignHands tells who besides this user and the administrator may change a file; empty for nobody. A group with the
// number of the owner is his alone, as most systems make them.
func foreignHands(info os.FileInfo) string {
	owner, known := info.Sys().(*syscall.Stat_t)
	switch mode := info.Mode(); {
	case !known:
		return ""
	case owner.Uid != 0 && int(owner.Uid) != os.Geteuid():
		return "its owner is another user"
	case mode.Perm()&0o002 != 0:
		return "everybody may write to it"
	case mode.Perm()&0o020 != 0 && owner.Gid != owner.Uid:
		return "its group may write to it"
	}
	return ""
}
