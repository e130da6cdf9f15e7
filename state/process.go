package state

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// Process names a process of one host, so that another number that was given out again is not taken for it.
type Process struct {
	Host    string `json:"host"`
	PID     int    `json:"pid"`
	Started string `json:"process_started,omitempty"` // as the system counts it; empty where it does not say
}

// ThisProcess is the one that asks, on a host of that name.
func ThisProcess(host string) Process {
	_, started := lookAt(os.Getpid())
	return Process{Host: host, PID: os.Getpid(), Started: started}
}

// Dead tells whether the process is known to have ended. Only one of the host that asks can be known.
func (p Process) Dead(host string) bool {
	if p.Host != host || p.PID <= 0 {
		return false
	}
	if err := syscall.Kill(p.PID, 0); err != nil && !errors.Is(err, syscall.EPERM) {
		return true
	}
	ended, started := lookAt(p.PID)
	return ended || started != "" && p.Started != "" && started != p.Started
}

// lookAt reads what Linux says of a process (proc_pid_stat(5)): its state, which is Z for one that has ended and that
// nobody asked for yet, and its 22nd field, the start in ticks since boot. The second field is a name in parentheses
// that may hold anything.
func lookAt(pid int) (ended bool, started string) {
	content, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false, ""
	}
	text := string(content)
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) < 20 {
		return false, ""
	}
	return fields[0] == "Z", fields[19]
}
